package api

import "slices"

// The roles, and what the table says of operations that need none.
const (
	Anyone        = ""
	Viewer        = "viewer"
	Operator      = "operator"
	Administrator = "administrator"
)

// ladder holds the roles in rising order: each may do what those before it may.
var ladder = []string{Anyone, Viewer, Operator, Administrator}

// access is the least role of every operation.
var access = map[string]string{
	"sign-in":                Anyone,
	"get-session":            Viewer,
	"sign-out":               Viewer,
	"change-password":        Viewer, // one's own; others' need an administrator
	"get-status":             Viewer,
	"get-history":            Viewer,
	"list-topics":            Viewer,
	"get-last-message":       Viewer,
	"list-series":            Viewer,
	"list-latest":            Viewer,
	"get-range":              Viewer,
	"live":                   Viewer,
	"list-streams":           Viewer,
	"get-stream":             Viewer,
	"read-stream":            Viewer,
	"follow-stream":          Viewer,
	"create-stream":          Administrator,
	"change-stream":          Administrator,
	"delete-stream":          Administrator,
	"purge-stream":           Administrator,
	"begin-replay":           Operator,
	"list-replays":           Viewer,
	"get-replay":             Viewer,
	"set-replay":             Operator,
	"list-groups":            Viewer,
	"get-group":              Viewer,
	"create-group":           Operator,
	"change-group":           Operator,
	"delete-group":           Operator,
	"pull":                   Operator, // what one consumer gets the others do not
	"ack":                    Operator,
	"list-alarms":            Viewer,
	"publish":                Operator,
	"list-clients":           Viewer,
	"get-client":             Viewer,
	"kick-client":            Operator,
	"kick-clients":           Operator,
	"list-subscriptions":     Viewer,
	"list-shared":            Viewer,
	"list-retained":          Viewer,
	"get-retained":           Viewer,
	"delete-retained":        Operator,
	"list-delayed":           Viewer,
	"delete-delayed":         Operator,
	"list-listeners":         Viewer,
	"reload-listeners":       Administrator,
	"list-refused":           Viewer,
	"get-backup":             Administrator,
	"start-backup":           Administrator,
	"list-backups":           Administrator,
	"verify-backups":         Administrator,
	"list-bans":              Viewer,
	"ban":                    Operator,
	"unban":                  Operator,
	"get-redirect":           Viewer,
	"set-redirect":           Administrator,
	"end-redirect":           Administrator,
	"get-access":             Administrator,
	"reload-access":          Administrator,
	"test-access":            Operator,
	"set-mqtt-user":          Administrator,
	"delete-mqtt-user":       Administrator,
	"why":                    Viewer,
	"list-slow-subscribers":  Viewer,
	"clear-slow-subscribers": Operator,
	"list-topic-metrics":     Viewer,
	"add-topic-metric":       Operator,
	"delete-topic-metric":    Operator,
	"list-traces":            Operator, // a trace may hold payloads
	"start-trace":            Operator,
	"stop-trace":             Operator,
	"delete-trace":           Operator,
	"get-trace-file":         Operator,
	"list-api-keys":          Administrator,
	"create-api-key":         Administrator,
	"delete-api-key":         Administrator,
	"list-users":             Administrator,
	"create-user":            Administrator,
	"delete-user":            Administrator,
	"list-config":            Administrator,
	"get-config":             Administrator,
	"get-log-level":          Administrator,
	"set-log-level":          Administrator,
}

// reaches says whether role may do what needs least. An unknown role may nothing.
func reaches(role, least string) bool {
	at := slices.Index(ladder, role)
	return at > 0 && at >= slices.Index(ladder, least)
}
