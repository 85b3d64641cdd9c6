"""Office-31 and its generated stand-in; a change of any file here makes both sets be prepared again."""
