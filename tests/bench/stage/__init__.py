"""What a run stands on: the machine, the servers, the rounds."""
