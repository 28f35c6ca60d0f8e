// What a user of mqtt.js does with a broker, step by step; test/e2e runs it. It
// prints "ok STEP" after each step, and "cut" and "heal" to ask for the network
// behind CUT_URL to fail and to work again. URL and CUT_URL are the broker's,
// VERSION is 4 or 5, STEPS are the steps' names with spaces between.
import assert from 'node:assert/strict'
import mqtt from 'mqtt'

const { URL: url, CUT_URL: cutUrl, CA: ca } = process.env
const version = Number(process.env.VERSION)
const name = `js${version}-${process.pid}`
const open = []

// connect returns a client that is connected and keeps what it receives.
async function connect (id, options = {}, to = url) {
  const client = mqtt.connect(to, { clientId: `${name}-${id}`, protocolVersion: version, reconnectPeriod: 50, connectTimeout: 5000, ca, ...options })
  client.got = []
  client.sessions = []
  client.on('message', (topic, payload, packet) => client.got.push({ topic, payload: payload.toString(), packet }))
  client.on('connect', packet => client.sessions.push(packet.sessionPresent))
  client.on('error', () => {})
  open.push(client)
  await until(`${id} connects`, () => client.connected)
  return client
}

async function until (what, check) {
  for (let left = 2000; !check(); left--) {
    assert(left > 0, `never: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

const payloads = client => client.got.map(m => m.payload)
const range = n => Array.from({ length: n }, (_, i) => String(i))

const steps = {
  async qos () {
    const client = await connect('qos')
    for (const qos of [0, 1, 2]) {
      await client.subscribeAsync(`${name}/qos/${qos}`, { qos })
      await client.publishAsync(`${name}/qos/${qos}`, `at ${qos}`, { qos })
    }
    await until('every QoS arrives', () => client.got.length >= 3)
    assert.deepEqual(client.got.map(m => [m.payload, m.packet.qos]).sort(), [['at 0', 0], ['at 1', 1], ['at 2', 2]])
    await client.unsubscribeAsync(`${name}/qos/0`)
    const big = 'x'.repeat(500_000)
    await client.publishAsync(`${name}/qos/2`, big, { qos: 2 })
    await until('a large one arrives', () => client.got.length >= 4)
    assert.equal(client.got[3].payload, big)
  },

  async retained () {
    const client = await connect('retained')
    await client.publishAsync(`${name}/retained`, 'kept', { qos: 1, retain: true })
    const late = await connect('late')
    await late.subscribeAsync(`${name}/retained`)
    await until('the retained message arrives', () => late.got.length === 1)
    assert.equal(late.got[0].packet.retain, true)
    await client.publishAsync(`${name}/retained`, '', { qos: 1, retain: true })
    const later = await connect('later')
    await later.subscribeAsync(`${name}/retained`)
    await later.publishAsync(`${name}/retained`, 'live', { qos: 1 })
    await until('the live message arrives', () => later.got.length > 0)
    assert.deepEqual(payloads(later), ['live'])
  },

  async will () {
    const watcher = await connect('watcher')
    await watcher.subscribeAsync(`${name}/will`, { qos: 2 })
    const client = await connect('will', { reconnectPeriod: 0, will: { topic: `${name}/will`, payload: Buffer.from('gone'), qos: 1 } })
    client.stream.destroy()
    await until('the will arrives', () => watcher.got.length > 0)
    assert.deepEqual(payloads(watcher), ['gone'])
  },

  async shared () {
    const members = [await connect('one'), await connect('two')]
    for (const m of members) await m.subscribeAsync(`$share/${name}/${name}/shared`, { qos: 1 })
    const client = await connect('shared')
    for (const payload of range(20)) await client.publishAsync(`${name}/shared`, payload, { qos: 1 })
    await until('all arrive', () => members[0].got.length + members[1].got.length >= 20)
    assert.deepEqual(members.flatMap(payloads).sort((a, b) => a - b), range(20))
    assert(members.every(m => m.got.length > 0), 'both members have work')
  },

  async session () {
    const options = { clean: false, properties: version === 5 ? { sessionExpiryInterval: 600 } : undefined }
    const client = await connect('session', options, cutUrl)
    await client.subscribeAsync(`${name}/session`, { qos: 2 })
    const other = await connect('other')
    await other.subscribeAsync(`${name}/from-away`, { qos: 2 })
    console.log('cut')
    await until('the client is away', () => !client.connected)
    for (const payload of range(10)) await other.publishAsync(`${name}/session`, payload, { qos: 2 })
    const sent = range(5).map(payload => client.publishAsync(`${name}/from-away`, payload, { qos: 2 }))
    console.log('heal')
    await until('what was missed arrives', () => client.got.length >= 10)
    await Promise.all(sent)
    await until('what was sent away arrives', () => other.got.length >= 5)
    await client.publishAsync(`${name}/session`, 'last', { qos: 2 })
    await until('the last arrives', () => payloads(client).includes('last'))
    assert.deepEqual(client.sessions, [false, true])
    assert.deepEqual(payloads(client), [...range(10), 'last'])
    assert.deepEqual(payloads(other), range(5))
  },

  async properties () {
    const client = await connect('properties', { properties: { topicAliasMaximum: 10 } })
    await client.subscribeAsync(`${name}/properties/#`, { qos: 1, nl: false, rap: true, rh: 0, properties: { subscriptionIdentifier: 77 } })
    const properties = {
      payloadFormatIndicator: true, messageExpiryInterval: 60, responseTopic: `${name}/answer`,
      correlationData: Buffer.from([1, 2, 3]), contentType: 'text/plain', userProperties: { unit: ['bar', 'kPa'], line: '4' }
    }
    for (let i = 0; i < 3; i++) await client.publishAsync(`${name}/properties/with-a-long-name`, 'x', { qos: 1, properties })
    await until('they arrive', () => client.got.length === 3)
    for (const { topic, packet } of client.got) {
      assert.equal(topic, `${name}/properties/with-a-long-name`)
      const p = packet.properties
      assert.equal(p.subscriptionIdentifier, 77)
      assert.equal(p.responseTopic, properties.responseTopic)
      assert.equal(p.contentType, 'text/plain')
      assert.deepEqual([...p.correlationData], [1, 2, 3])
      assert.deepEqual({ ...p.userProperties }, properties.userProperties)
      assert(p.messageExpiryInterval > 50 && p.messageExpiryInterval <= 60)
    }
  }
}

for (const step of process.env.STEPS.split(' ')) {
  await steps[step]()
  console.log('ok', step)
}
await Promise.all(open.map(client => client.endAsync(true)))
