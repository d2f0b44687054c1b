"""The pages of the documentation as tests read them: blocks of code, and the commands in these."""
