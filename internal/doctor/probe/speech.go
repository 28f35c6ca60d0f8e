package probe

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/millrace/millrace/internal/doctor"
	"github.com/millrace/millrace/internal/mqtt/packet"
	"github.com/millrace/millrace/internal/mqtt/wsclient"
)

// language tries one protocol on a fresh connection.
type language func(context.Context, net.Conn) doctor.Speech

// listen finds out what a port speaks that did not speak what was asked for: one
// connection for each language, inside TLS where that came about.
func (p *probe) listen(ctx context.Context) {
	t := &p.Target
	var tries []language
	if t.WebSocket || t.TLS && !p.secured() {
		tries = append(tries, speaksMQTT)
	}
	if !t.TLS {
		tries = append(tries, p.speaksTLS)
	}
	if !t.WebSocket || t.TLS && !p.secured() {
		tries = append(tries, p.speaksHTTP)
	}
	p.f.Speaks = doctor.SpeaksNothing
	for _, try := range tries {
		if s := p.speak(ctx, try); s != doctor.Unknown {
			p.f.Speaks = s
			return
		}
	}
}

func (p *probe) secured() bool { return p.f.TLS != nil && p.f.TLS.Trouble == doctor.None }

// inside is what a language is called when it is spoken inside TLS.
var inside = map[doctor.Speech]doctor.Speech{doctor.SpeaksMQTT: doctor.SpeaksMQTTS, doctor.SpeaksHTTP: doctor.SpeaksHTTPS, doctor.SpeaksWS: doctor.SpeaksWSS}

func (p *probe) speak(ctx context.Context, try language) doctor.Speech {
	ctx, cancel := p.step(ctx)
	defer cancel()
	conn, err := p.connection(ctx)
	if err != nil {
		return doctor.Unknown
	}
	defer conn.Close()
	_ = conn.SetDeadline(deadline(ctx))
	if !p.secured() {
		return try(ctx, conn)
	}
	return inside[try(ctx, tls.Client(conn, p.tlsConfig(new(doctor.TLS))))]
}

// speaksMQTT sends a CONNECT without credentials: any CONNACK will do.
func speaksMQTT(_ context.Context, conn net.Conn) doctor.Speech {
	hello := packet.Connect{Version: packet.V311, CleanStart: true, ClientID: []byte(identity()), KeepAlive: 10}
	if _, err := conn.Write(hello.Append(nil, packet.V311)); err != nil {
		return doctor.Unknown
	}
	first := make([]byte, 4)
	if n, _ := conn.Read(first); n > 1 && packet.TypeOf(first[0]) == packet.TypeConnack && first[1] < 128 {
		return doctor.SpeaksMQTT
	}
	return doctor.Unknown
}

// speaksTLS shakes hands; a refusal in the words of TLS is an answer, too.
func (p *probe) speaksTLS(ctx context.Context, conn net.Conn) doctor.Speech {
	err := tls.Client(conn, p.tlsConfig(new(doctor.TLS))).HandshakeContext(ctx)
	if err == nil || alert(err) != "" {
		return doctor.SpeaksTLS
	}
	return doctor.Unknown
}

// speaksHTTP asks for a WebSocket, which tells a web server from a broker.
func (p *probe) speaksHTTP(_ context.Context, conn net.Conn) doctor.Speech {
	path := p.Target.Path
	if path == "" {
		path = "/mqtt"
	}
	_, answer, err := wsclient.Open(conn, p.Target.Address(), path)
	switch {
	case answer == nil:
		return doctor.Unknown
	case err == nil:
		return doctor.SpeaksWS
	}
	return doctor.SpeaksHTTP
}
