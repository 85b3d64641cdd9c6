"""What writes a report: one file a format, registered in ``hpbench.report.formats``."""
