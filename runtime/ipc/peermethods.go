package ipc

import (
	"fmt"
	"time"
)

type kickParams struct {
	Who    string `json:"who"`
	Reason string `json:"reason,omitempty"`
}

// Kicked says how many connections were ended.
type Kicked struct {
	Kicked int `json:"kicked"`
}

type ruleParams struct {
	Action string `json:"action"`
	Rule   string `json:"rule"`
}

type nameParams struct {
	Name string `json:"name"`
}

// peers returns what the program has to do with others.
func (k *call) peers() (Peers, error) {
	if k.s.w.Peers == nil {
		return nil, ErrNoPeers
	}
	return k.s.w.Peers, nil
}

// listed sends what list returns as items.
func listed[T any](k *call, list func(Peers) ([]T, error)) (any, error) {
	p, err := k.peers()
	if err != nil {
		return nil, err
	}
	all, err := list(p)
	if err != nil {
		return nil, err
	}
	for _, v := range all {
		if err := k.item(v); err != nil {
			return nil, err
		}
	}
	return done{}, nil
}

func (k *call) listPeers() (any, error)       { return listed(k, Peers.List) }
func (k *call) listRules() (any, error)       { return listed(k, Peers.Rules) }
func (k *call) listCredentials() (any, error) { return listed(k, Peers.Credentials) }

func (k *call) kick() (any, error) {
	var p kickParams
	if err := k.read(&p); err != nil {
		return nil, err
	}
	peers, err := k.peers()
	if err != nil {
		return nil, err
	}
	if p.Who == "" {
		return nil, fmt.Errorf("%w: it must be said who", ErrUsage)
	}
	n, err := peers.Kick(p.Who, p.Reason)
	return Kicked{n}, err
}

func (k *call) setRule() (any, error) {
	var p ruleParams
	if err := k.read(&p); err != nil {
		return nil, err
	}
	peers, err := k.peers()
	if err != nil {
		return nil, err
	}
	switch p.Action {
	case RuleAllow, RuleBlock, RuleRemove:
		return done{}, peers.SetRule(p.Action, p.Rule)
	}
	return nil, fmt.Errorf("%w: a rule is to %s, to %s, or to be %sd", ErrUsage, RuleAllow, RuleBlock, RuleRemove)
}

func (k *call) invite() (any, error) {
	var p InviteParams
	if err := k.read(&p); err != nil {
		return nil, err
	}
	peers, err := k.peers()
	if err != nil {
		return nil, err
	}
	switch p.Role {
	case "":
		p.Role = RoleGuest
	case RoleGuest, RoleMirror:
	default:
		return nil, fmt.Errorf("%w: an invitation is for a %s or a %s", ErrUsage, RoleGuest, RoleMirror)
	}
	if !p.Expires.IsZero() && !p.Expires.After(time.Now()) {
		return nil, fmt.Errorf("%w: the invitation would have expired already", ErrUsage)
	}
	return peers.Invite(p)
}

func (k *call) revoke() (any, error) {
	var p nameParams
	if err := k.read(&p); err != nil {
		return nil, err
	}
	peers, err := k.peers()
	if err != nil {
		return nil, err
	}
	return done{}, peers.Revoke(p.Name)
}

// progressEvery is how often a client is told how far a sync is: it is for the eyes
// of a person, and of a fast sync there are thousands of steps a second.
const progressEvery = 100 * time.Millisecond

func (k *call) sync() (any, error) {
	var p SyncParams
	if err := k.read(&p); err != nil {
		return nil, err
	}
	if k.s.w.Sync == nil {
		return nil, ErrNoPeers
	}
	if err := p.Check(); err != nil {
		return nil, err
	}
	var told time.Time
	r, err := k.s.w.Sync(k.ctx, p, func(v SyncProgress) error {
		if v.Moved == nil && time.Since(told) < progressEvery {
			return k.ctx.Err()
		}
		told = time.Now()
		return k.item(v)
	})
	return r, CutOff(err)
}

// Check returns nil, or an error that wraps ErrUsage for what contradicts itself.
func (p *SyncParams) Check() error {
	var wrong string
	switch {
	case p.Direction != Push && p.Direction != Pull:
		wrong = "a sync is a push or a pull"
	case p.Link == "":
		wrong = "a sync needs the link of the other side"
	case p.Watch && p.Direction == Push:
		wrong = "only a pull can watch: it is the other side that has news"
	case p.Of != "" && p.Direction == Push:
		wrong = "a push is of this world; only a pull can be of a mirror"
	case p.Of != "" && !p.Snapshot.IsZero():
		wrong = "a mirror and a snapshot exclude each other"
	case p.RootsOnly && len(p.Roots) == 0:
		wrong = "roots alone need the name of one"
	case p.RootsOnly && (!p.Snapshot.IsZero() || p.Of != "" || p.Fork != "" || p.Name != "" || p.Watch):
		wrong = "roots alone exclude what is said about the snapshot"
	case p.Watch && (!p.Snapshot.IsZero() || p.Of != ""):
		wrong = "a watch follows the newest snapshot and can name none"
	case p.Every < 0 || p.Every > 0 && !p.Watch:
		wrong = "how often a snapshot is taken is for a watch, and positive"
	default:
		return nil
	}
	return fmt.Errorf("%w: %s", ErrUsage, wrong)
}
