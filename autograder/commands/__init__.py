"""The command line's commands, by what they are for; each module imports what is slow inside its commands."""
