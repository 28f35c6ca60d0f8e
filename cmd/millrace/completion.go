package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/config"
)

// files lets the shell offer files of any name.
func files(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

func yamlFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}

func folders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// oneOf offers the values, and no files.
func oneOf(values ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
}

// firstOf offers the values that begin as typed, for the first argument only.
func firstOf(values ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		var fitting []string
		for _, v := range values {
			if len(args) == 0 && strings.HasPrefix(v, typed) {
				fitting = append(fitting, v)
			}
		}
		return fitting, cobra.ShellCompDirectiveNoFileComp
	}
}

// complete says what a shell offers for the flags of cmd and below. For all others
// the root offers nothing: a file is offered only where one is meant.
func complete(cmd *cobra.Command) {
	for name, offer := range offers(cmd.Name()) {
		if cmd.LocalFlags().Lookup(name) != nil {
			_ = cmd.RegisterFlagCompletionFunc(name, offer) // fails only for a flag that is not there or has one
		}
	}
	for _, child := range cmd.Commands() {
		complete(child)
	}
}

// offers is what a shell offers for the flags of a command.
func offers(cmd string) map[string]cobra.CompletionFunc {
	all := map[string]cobra.CompletionFunc{
		"config": yamlFiles, "data": folders,
		"file": files, "report": files, "api-key-file": files, "password-file": files,
		"qos": oneOf("0", "1"), "role": oneOf(roles...),
	}
	switch cmd {
	case "serve":
		for _, f := range config.Flags() {
			if len(f.Values) > 0 {
				all[f.Name] = oneOf(f.Values...)
			}
		}
	case "sim":
		all["mqtt"] = oneOf("3.1", "3.1.1", "5.0")
	case "doctor":
		all["mqtt"] = oneOf("3.1", "3.1.1", "5.0")
		all["cafile"], all["cert"], all["key"] = files, files, files
	}
	return all
}
