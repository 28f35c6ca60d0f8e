package doctor

import "time"

// Node is what a node says of itself and of the client.
type Node struct {
	// Where is how it was asked, Err why that failed.
	Where, Err string
	// Missing are questions that it did not answer, with why.
	Missing []string
	// Local says that it is this machine's, on the data folder that was looked at.
	Local bool

	Name, Version string
	Ready         bool
	NotReady      []Part
	Connections   int64
	DiskFree      int64
	DiskTotal     int64
	// Refusing are the streams for which there is no disk space.
	Refusing  []string
	Alarms    []Alarm
	Listeners []Listener
	Bans      []Ban
	// Refusals are those of the last minutes that fit the client.
	Refusals []Refusal
	// Client is what it has under the client's identifier, before this program came.
	Client *Client
	Access []Access
	Clock  *Clock
}

// Part is a part of a node that is not ready.
type Part struct{ Name, Err string }

// Alarm is an active alarm.
type Alarm struct {
	Priority      int
	Title, Detail string
}

// Listener is one of a node's ways in.
type Listener struct {
	Name, Kind, Address string
	Listening           bool
	Anonymous           bool
	// Ends is when its certificate does; Failed why its newest one is not in force.
	Ends   time.Time
	Failed string
}

// Ban keeps clients out.
type Ban struct {
	Kind, Value, Reason, By string
	Until                   time.Time
}

// Refusal is why the node turned somebody away.
type Refusal struct {
	Last                        time.Time
	Count                       uint64
	Client, User, Address, Code string
	Reason, Text                string
}

// Client is a client as the node knows it.
type Client struct {
	ID, User, Address, Listener string
	Connected                   bool
	Since                       time.Time
	Queued                      int
	Dropped                     uint64
	// LastError is what it was refused or missed last.
	LastError string
}

// Access is what the access rules say.
type Access struct {
	Action, Topic, Why string
	Allowed            bool
}

// Machine is the computer that a node runs on, or is to.
type Machine struct {
	// Problems keep a node from starting with its configuration, Warnings do not.
	Problems, Warnings []string
	Folder             Folder
	// Runs says that a node holds the data folder and answers.
	Runs bool
	// Doors are the addresses of the configuration.
	Doors        []Door
	Certificates []Certificate
	// Connections is how many the configuration allows.
	Connections int
	// Files is how many files a process may have open, OfNode how many the one of the
	// node that runs may; 0 is not known.
	Files, OfNode uint64
	Clock         MachineClock
}

// Folder is a data folder.
type Folder struct {
	Path   string
	Exists bool
	Err    string
	// Open is its mode when others may look into it.
	Open string
	// Held says that a process has it, Holder which.
	Held        bool
	Holder      string
	Free, Total int64
	// Reserve is the free space below which the node keeps nothing more.
	Reserve int64
}

// Door is one address of the configuration.
type Door struct {
	Key, Address string
	// Taken says that another program has it, Err why else it cannot be opened.
	Taken bool
	Err   string
}

// Certificate is one of the configuration's files.
type Certificate struct {
	Path     string
	From, To time.Time
}

// MachineClock is what there is to judge a clock by without another.
type MachineClock struct {
	// Newest is the time of the data folder's newest file.
	Newest time.Time
	// Built is when this program was.
	Built time.Time
	// Known says that the system tells whether it is synchronised.
	Known, Synchronised bool
}
