// Package help gives the programs their help texts: what it does, examples, and
// only then the rest.
package help

import "github.com/spf13/cobra"

const template = `{{.Short}}.
{{if .HasExample}}
Examples:
{{.Example}}
{{end}}
Usage:
  {{if .HasParent}}{{.UseLine}}{{else}}{{.Use}}{{end}}
{{with .Long}}
{{.}}
{{end}}{{if .Aliases}}
Aliases:
  {{.NameAndAliases}}
{{end}}{{if .HasAvailableSubCommands}}
Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}

{{.CommandPath}} COMMAND --help says more.
{{end}}{{if .HasAvailableLocalFlags}}
Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}{{if .HasAvailableInheritedFlags}}
Flags of all commands:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}`

// Apply sets the help of a command and of all below it.
func Apply(cmd *cobra.Command) { cmd.SetHelpTemplate(template) }
