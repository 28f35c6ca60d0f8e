package config

// Memory configures the memory guard.
type Memory struct {
	Limit Size `yaml:"limit" default:"0" min:"64MiB" zero:"what the process may use: GOMEMLIMIT, else the control group's limit, else the machine's memory (the latter two on Linux)" doc:"Memory of the process. From 80 % of it the longest queues of clients are cut; from 90 % new clients are refused, and no client may publish more than 64 KiB a second."`
}
