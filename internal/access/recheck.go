package access

// Recheck says whether an identity still holds, and what it is now: who was removed
// or disabled, or has another password, has to come in anew.
func (a *Access) Recheck(id *Identity) (*Identity, error) {
	if id.By == byNobody {
		return id, nil
	}
	u := a.state.Load().users.Find(id.Username)
	switch {
	case u == nil && id.By == byCertificate:
		return &Identity{Username: id.Username, By: id.By}, nil
	case u == nil:
		return nil, errRemoved
	case u.Disabled:
		return nil, errDisabled
	case id.By != byCertificate && u.stamp != id.Stamp:
		return nil, errChanged
	}
	fresh := identityOf(u, id.By)
	fresh.Stamp = id.Stamp
	return fresh, nil
}
