package main

import "github.com/spf13/cobra"

// commands are the sub-commands that work.
func commands() []*cobra.Command {
	return []*cobra.Command{serveCommand(), passwdCommand(), simCommand(), benchCommand(), ctlCommand(), doctorCommand(), versionCommand()}
}
