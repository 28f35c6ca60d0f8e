// Command millrace is an industrial IoT platform in one program: serve runs a node,
// ctl speaks to a running one, sim plays a factory, bench loads a broker, doctor says why
// a client does not come in.
//
// Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/internal/config"
	"github.com/millrace/millrace/internal/fault"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	began := markBegin(root)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	code := exitCode(ctx, err, *began)
	if code == exitInterrupted {
		return code
	}
	fmt.Fprintf(errs, "millrace: %s\n", errorText(err))
	var list *config.Error
	if code == exitUsage && !errors.As(err, &list) {
		fmt.Fprintf(errs, "See %s --help\n", cmd.CommandPath())
	}
	return code
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "millrace",
		Short:         "An industrial IoT platform in one program",
		Long:          "Millrace takes in what machines publish over MQTT, keeps it, decodes it into\nseries of points, and answers questions about them. One program, one data folder.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       thisBuild().String(),
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(commands()...)
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	complete(root)
	return root
}

// markBegin notes when a command's own work begins: an error before that is wrong
// usage.
func markBegin(root *cobra.Command) *bool {
	began := false
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if inner := c.RunE; inner != nil {
			c.RunE = func(c *cobra.Command, args []string) error {
				began = true
				return inner(c, args)
			}
		}
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	walk(root)
	return &began
}

// usageError is a command line that makes no sense, found while working on it.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }

func usage(message string, args ...any) error { return usageError{fmt.Sprintf(message, args...)} }

func exitCode(ctx context.Context, err error, began bool) int {
	var list *config.Error
	var wrong usageError
	switch {
	case !began, errors.As(err, &list), errors.As(err, &wrong):
		return exitUsage
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitFailed
}

// errorText is what the person at the terminal reads of an error.
func errorText(err error) string {
	var list *config.Error
	var known *fault.Error
	switch {
	case errors.As(err, &list):
		return configText(list)
	case errors.As(err, &known) && known.Message != "":
		return faultText(err, known)
	}
	return err.Error()
}

// faultText is the sentence for the user, and the operator's text where that has a
// cause which the sentence does not tell.
func faultText(err error, known *fault.Error) string {
	text := fmt.Sprintf("%s (%s)", known.Message, known.Code.Quote())
	if known.Err != nil && !strings.Contains(known.Message, known.Err.Error()) {
		text += "\n  " + err.Error()
	}
	return text
}

func configText(list *config.Error) string {
	n := len(list.Problems)
	if n == 1 {
		return "one problem in the configuration\n  " + list.Problems[0].String()
	}
	text := fmt.Sprintf("%d problems in the configuration", n)
	for _, p := range list.Problems {
		text += "\n  " + p.String()
	}
	return text
}
