package main

import "github.com/spf13/cobra"

// commands are the sub-commands that work.
func commands() []*cobra.Command {
	return []*cobra.Command{serveCommand(), passwdCommand(), backupCommand(), restoreCommand(), simCommand(), benchCommand(), ctlCommand(), doctorCommand(), whyCommand(), versionCommand()}
}
