package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hearth/cmd/internal/exit"
	"hearth/runtime/ipc"
)

func (a *app) invite() *cobra.Command {
	var (
		p              ipc.InviteParams
		mirror, list   bool
		revoke, expire string
	)
	cmd := &cobra.Command{
		Use:   "invite [NAME]",
		Short: "Make an invitation and print its links, list the invitations, or revoke one",
		Long: `Make an invitation: a credential of its own, which can be revoked, with a secret that is
made up and shown this once. Printed are the links under which the server listens, one a
line, with the secret in them: hand them over on a way that nobody else reads. Where
nobody listens it is the secret alone. Whoever gets a link reads it from a file or from
standard input; as an argument it is refused.`,
		Example: `  hearth-ctl invite ann --expires 7d
  hearth-ctl invite backup --mirror --note 'the machine in the cellar' > cellar.link
  hearth-ctl invite --list
  hearth-ctl invite --revoke ann`,
		Args: args(0, 1, "one name at most"),
		RunE: func(cmd *cobra.Command, args []string) error {
			made := mirror || p.Note != "" || expire != "" || len(args) > 0
			revokes := cmd.Flags().Changed("revoke")
			if list && revokes || made && (list || revokes) {
				return exit.Usagef("an invitation is made, or they are listed (--list), or one is revoked (--revoke): one of these")
			}
			switch {
			case list:
				return a.listCredentials(cmd)
			case revokes:
				return a.revoke(cmd, revoke)
			}
			if len(args) > 0 {
				if p.Name = args[0]; p.Name == "" {
					return exit.Usagef("an empty name is none; leave it out to have one made up")
				}
			}
			if p.Role = ipc.RoleGuest; mirror {
				p.Role = ipc.RoleMirror
			}
			if expire != "" {
				d, err := parseSpan(expire)
				if err != nil {
					return err
				}
				p.Expires = time.Now().Add(d).UTC()
			}
			return a.with(cmd.Context(), func(s *session) error {
				i, err := s.Invite(cmd.Context(), p)
				if err != nil {
					return err
				}
				return a.showInvitation(i)
			})
		},
	}
	cmd.Flags().BoolVar(&mirror, "mirror", false, "for another server: it may read everything and push worlds")
	cmd.Flags().StringVar(&p.Note, "note", "", "remember `TEXT` with it")
	cmd.Flags().StringVar(&expire, "expires", "", "let it end after `DURATION`, such as 12h or 7d (default: never)")
	cmd.Flags().BoolVar(&list, "list", false, "list the invitations, and the password of the space")
	cmd.Flags().StringVar(&revoke, "revoke", "", "revoke the invitation `NAME`")
	return cmd
}

// parseSpan reads a duration that may be in days.
func parseSpan(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16)
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d <= 0 {
		return 0, exit.Usagef("%q is no duration; it looks like 90m, 12h or 7d", s)
	}
	return d, nil
}

func (a *app) showInvitation(i ipc.Invitation) error {
	if a.json {
		return a.out.object(i)
	}
	if len(i.Links) == 0 {
		fmt.Fprintf(a.stderr, "hearth-ctl: no server listens for this world, so there is no link; the credential is %s, and its password:\n", clean(i.Name))
		return a.out.row(i, i.Secret)
	}
	for _, l := range i.Links {
		if err := a.out.row(i, l); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) listCredentials(cmd *cobra.Command) error {
	return a.with(cmd.Context(), func(s *session) error {
		a.out.columns("NAME", "ROLE", "MADE", "EXPIRES", "NOTE")
		return s.Credentials(cmd.Context(), func(c ipc.Credential) error {
			return a.out.row(c, c.Name, c.Role, a.out.when(c.Made), a.out.moment(c.Expires), c.Note)
		})
	})
}

func (a *app) revoke(cmd *cobra.Command, name string) error {
	return a.with(cmd.Context(), func(s *session) error {
		if err := s.Revoke(cmd.Context(), name); err != nil || !a.json {
			return err
		}
		return a.out.object(map[string]string{"revoked": name})
	})
}
