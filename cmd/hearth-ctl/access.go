package main

import (
	"time"

	"github.com/spf13/cobra"

	"hearth/cmd/internal/exit"
	"hearth/runtime/ipc"
	"hearth/runtime/peer/trust"
)

func (a *app) block() *cobra.Command {
	return a.access(ipc.RuleBlock, "Keep peers out, or list the rules", `Keep peers out by a rule. Those that are connected and no longer admitted are cut off. A
block wins over every allow.`, `  hearth-ctl block 203.0.113.0/24
  hearth-ctl block cred:ann
  hearth-ctl block --remove cred:ann
  hearth-ctl block                    # lists the rules`)
}

func (a *app) allow() *cobra.Command {
	return a.access(ipc.RuleAllow, "Let peers in, or list the rules", `Let peers in by a rule. Where a kind of rule (keys, credentials, addresses) has an allow,
only what an allow of that kind names is let in.`, `  hearth-ctl allow 10.0.0.0/8         # from now on only from there
  hearth-ctl allow --remove 10.0.0.0/8
  hearth-ctl allow                    # lists the rules`)
}

func (a *app) access(action, short, long, example string) *cobra.Command {
	var remove bool
	cmd := &cobra.Command{
		Use:   action + " [RULE]",
		Short: short,
		Long: long + `

A rule is key:ID, cred:NAME or addr:PREFIX. A key id, an address and a prefix may stand
without their kind. The rules are kept with the world and work at once.`,
		Example: example,
		Args:    args(0, 1, "one rule, or none to list them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				if remove {
					return exit.Usagef("--remove needs the rule")
				}
				return a.listRules(cmd)
			}
			rule, err := trust.ParseRule(args[0])
			if err != nil {
				return err
			}
			do := action
			if remove {
				do = ipc.RuleRemove
			}
			return a.with(cmd.Context(), func(s *session) error {
				if err := s.SetRule(cmd.Context(), do, rule.String()); err != nil || !a.json {
					return err
				}
				return a.out.object(ipc.Rule{Action: do, Rule: rule.String()})
			})
		},
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "take the rule off the list")
	return cmd
}

func (a *app) listRules(cmd *cobra.Command) error {
	return a.with(cmd.Context(), func(s *session) error {
		a.out.columns("ACTION", "RULE", "MADE")
		return s.Rules(cmd.Context(), func(r ipc.Rule) error { return a.out.row(r, r.Action, r.Rule, a.out.moment(r.Made)) })
	})
}

// moment shows a time that may not be there.
func (p *printer) moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return p.when(t)
}
