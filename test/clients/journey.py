"""What a user of Debian's paho-mqtt does with a broker, step by step; test/e2e runs
it. It prints "ok STEP" after each step, and "cut" and "heal" to ask for the network
behind CUT_PORT to fail and to work again. HOST, PORT and CUT_PORT are the broker's,
VERSION is 3, 4 or 5, STEPS are the steps' names with spaces between."""
import os
import time

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

HOST, PORT, CUT_PORT = os.environ["HOST"], int(os.environ["PORT"]), int(os.environ["CUT_PORT"])
VERSION, CA, TRANSPORT = int(os.environ["VERSION"]), os.environ.get("CA_FILE"), os.environ.get("TRANSPORT", "tcp")
NAME = "py%d-%d" % (VERSION, os.getpid())
clients = []


class Client:
    """A client that is connected and keeps what it receives."""

    def __init__(self, name, clean=True, port=PORT, will=None):
        options = {} if VERSION == 5 else {"clean_session": clean}
        self.c = mqtt.Client("%s-%s" % (NAME, name), protocol=VERSION, transport=TRANSPORT, **options)
        self.got, self.sessions, self.done, self.down = [], [], set(), 0
        self.c.on_message = lambda c, data, m: self.got.append(m)
        self.c.on_connect = self.connected
        self.c.on_disconnect = self.disconnected
        self.c.on_publish = lambda c, data, mid: self.done.add(mid)
        self.c.on_subscribe = lambda c, data, mid, *rest: self.done.add(-mid)
        self.c.reconnect_delay_set(0.05, 0.2)
        if will:
            self.c.will_set(*will)
        if CA:
            self.c.tls_set(CA)
        options = {}
        if VERSION == 5:
            options["clean_start"] = clean
            options["properties"] = Properties(PacketTypes.CONNECT)
            options["properties"].SessionExpiryInterval = 0 if clean else 600
        self.c.connect(HOST, port, 30, **options)
        self.c.loop_start()
        clients.append(self.c)
        until(name + " connects", lambda: self.sessions)

    def connected(self, c, data, flags, code, properties=None):
        assert code == 0, code
        self.sessions.append(flags["session present"])

    def disconnected(self, c, data, code, properties=None):
        self.down += 1

    def subscribe(self, topic, qos, **options):
        mid = self.c.subscribe(topic, **options)[1] if options else self.c.subscribe(topic, qos)[1]
        until("SUBACK", lambda: -mid in self.done)

    def publish(self, topic, payload, qos=0, **options):
        info = self.c.publish(topic, payload, qos, **options)
        if qos:
            until("the acknowledgement", lambda: info.mid in self.done)

    def payloads(self):
        return [m.payload.decode() for m in self.got]


def until(what, check):
    end = time.time() + 20
    while not check():
        assert time.time() < end, "never: " + what
        time.sleep(0.01)


def qos():
    client = Client("qos")
    for q in (0, 1, 2):
        client.subscribe("%s/qos/%d" % (NAME, q), q)
        client.publish("%s/qos/%d" % (NAME, q), "at %d" % q, q)
    until("every QoS arrives", lambda: len(client.got) >= 3)
    assert sorted((m.payload, m.qos) for m in client.got) == [(b"at 0", 0), (b"at 1", 1), (b"at 2", 2)]


def retained():
    client = Client("retained")
    client.publish(NAME + "/retained", "kept", 1, retain=True)
    late = Client("late")
    late.subscribe(NAME + "/retained", 1)
    until("the retained message arrives", lambda: late.got)
    assert late.got[0].retain and late.payloads() == ["kept"]
    client.publish(NAME + "/retained", "", 1, retain=True)
    later = Client("later")
    later.subscribe(NAME + "/retained", 1)
    client.publish(NAME + "/retained", "live", 1)
    until("the live message arrives", lambda: later.got)
    assert later.payloads() == ["live"]


def will():
    watcher = Client("watcher")
    watcher.subscribe(NAME + "/will", 2)
    client = Client("will", will=(NAME + "/will", "gone", 1))
    client.c.loop_stop()
    client.c.socket().close()
    clients.remove(client.c)
    until("the will arrives", lambda: watcher.got)
    assert watcher.payloads() == ["gone"]


def session():
    client = Client("session", clean=False, port=CUT_PORT)
    client.subscribe(NAME + "/session", 2)
    other = Client("other")
    other.subscribe(NAME + "/from-away", 2)
    print("cut", flush=True)
    until("the client is away", lambda: client.down)
    for i in range(10):
        other.publish(NAME + "/session", str(i), 2)
    sent = [client.c.publish(NAME + "/from-away", str(i), 2) for i in range(5)]
    print("heal", flush=True)
    until("what was missed arrives", lambda: len(client.got) >= 10)
    until("what was sent away is acknowledged", lambda: all(info.mid in client.done for info in sent))
    until("and arrives", lambda: len(other.got) >= 5)
    client.publish(NAME + "/session", "last", 2)
    until("the last arrives", lambda: "last" in client.payloads())
    if VERSION > 3:  # MQTT 3.1 has no word for it
        assert client.sessions[0] == 0 and client.sessions[-1] == 1, client.sessions
    assert client.payloads() == [str(i) for i in range(10)] + ["last"], client.payloads()
    assert other.payloads() == [str(i) for i in range(5)], other.payloads()


def properties():
    client = Client("properties")
    subscription = Properties(PacketTypes.SUBSCRIBE)
    subscription.SubscriptionIdentifier = 77
    client.subscribe(NAME + "/properties", 1, options=SubscribeOptions(1, retainAsPublished=True), properties=subscription)
    sent = Properties(PacketTypes.PUBLISH)
    sent.PayloadFormatIndicator, sent.MessageExpiryInterval = 1, 60
    sent.ResponseTopic, sent.CorrelationData, sent.ContentType = NAME + "/answer", b"\1\2", "text/plain"
    sent.UserProperty = [("unit", "bar"), ("line", "4"), ("unit", "kPa")]
    client.publish(NAME + "/properties", "x", 1, properties=sent)
    until("it arrives", lambda: client.got)
    got = client.got[0].properties
    assert got.UserProperty == sent.UserProperty, got.UserProperty
    assert (got.ResponseTopic, got.CorrelationData, got.ContentType) == (sent.ResponseTopic, sent.CorrelationData, sent.ContentType)
    assert got.SubscriptionIdentifier == [77] and 50 < got.MessageExpiryInterval <= 60


for step in os.environ["STEPS"].split():
    globals()[step]()
    print("ok", step, flush=True)
for c in clients:
    c.disconnect()
    c.loop_stop()
