// Package config turns one YAML file, the environment and a few flags into one
// [Config], and remembers where each value came from.
//
// A flag beats the environment, the environment beats the file, the file beats the
// default. A key such as mqtt.listen is nested in the file, MILLRACE_MQTT__LISTEN in
// the environment, and --mqtt where a flag exists; a list or a group may be given as
// JSON; MILLRACE_…_FILE names a file that holds the value.
//
// [Load] reports every problem it finds at once, each with its place, its key and
// the nearest valid key. It reads, it does not apply: internal/app fills each room's
// Options from the Config. Secrets are of type [Secret] and never print.
//
// The struct tags of Config are the one description of every key: types, defaults,
// limits, the reference page and the answers of `config explain` all come from them.
package config
