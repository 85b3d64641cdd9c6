"""Name, parameters and import path of every part, without importing Keras.

Each module here lists one kind of part. A parameter model is what a definition may write; the import
path is what the job process loads when the part is used.
"""
