package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hearth/runtime/ipc"
)

func (a *app) listPeers() *cobra.Command {
	return &cobra.Command{
		Use:   "list-peers",
		Short: "List the connected peers: number, peer, credential, role, address, program, since, round trip, messages and bytes",
		Long: `List the connected peers. PEER is the first group of the peer's key id, IN and OUT count
messages, BYTES-IN and BYTES-OUT the blocks of lumps. --json shows the whole key id and the
rest that is counted.`,
		Example: `  hearth-ctl list-peers
  hearth-ctl list-peers --json | jq -r 'select(.denied > 0).key'`,
		Args: args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.live(cmd.Context(), func(s *session) error {
				a.out.columns("NUMBER", "PEER", "CREDENTIAL", "ROLE", "ADDRESS", "PROGRAM", "SINCE", "RTT", "IN", "OUT", "BYTES-IN", "BYTES-OUT")
				return s.Peers(cmd.Context(), func(p ipc.Peer) error {
					first, _, _ := strings.Cut(p.Key, "-")
					role := p.Role
					if p.Server {
						role = "server"
					}
					return a.out.row(p, strconv.FormatUint(p.ID, 10), first, p.Credential, role, p.Address, p.Program, a.out.when(p.Since),
						a.out.rtt(p.RTT), strconv.FormatUint(p.MessagesIn, 10), strconv.FormatUint(p.MessagesOut, 10),
						a.out.size(p.BytesIn), a.out.size(p.BytesOut))
				})
			})
		},
	}
}

// rtt shows a round trip: rounded for people, in milliseconds to scripts.
func (p *printer) rtt(m ipc.Milliseconds) string {
	if p.tty {
		return time.Duration(m).Round(10 * time.Microsecond).String()
	}
	return strconv.FormatFloat(float64(m)/float64(time.Millisecond), 'f', -1, 64)
}

func (a *app) kick() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "kick WHO",
		Short: "End the connections of a peer",
		Long: `End the connections of a peer: WHO is the number of one, a key id or the beginning of one
(four characters at least), or a credential. The peer may come again; hearth-ctl block keeps
it out.`,
		Example: `  hearth-ctl kick 7
  hearth-ctl kick MFZWI3D -m 'the server moves tonight'`,
		Args: args(1, 1, "one peer: a number, a key id or a credential"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.live(cmd.Context(), func(s *session) error {
				n, err := s.Kick(cmd.Context(), args[0], reason)
				if err != nil || !a.json {
					return err
				}
				return a.out.object(ipc.Kicked{Kicked: n})
			})
		},
	}
	cmd.Flags().StringVarP(&reason, "message", "m", "", "tell the peer `REASON`")
	return cmd
}
