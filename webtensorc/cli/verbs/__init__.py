"""One module a verb: its file name is its name, its `command` is what runs. Modules import nothing heavy at the top."""
