// What the node keeps, in Debian's Chromium, on the real program: a stream is made,
// read by pages, replayed, purged and deleted; a group is made; it is told why a client
// did or did not get a message; a back-up is taken.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { run, startNode } from './node.mjs'
import { faultsHere, launch, shots, signedIn, speak } from './page.mjs'

let node, browser, dir

before(async () => {
  await mkdir(shots, { recursive: true })
  dir = await mkdtemp(join(tmpdir(), 'millrace-streams-'))
  const config = join(dir, 'millrace.yaml')
  await writeFile(config, `backup: {folder: "${join(dir, 'backup')}", at: "02:30", keep: 7}\n`)
  node = await startNode({ MILLRACE_CONFIG: config })
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await node?.stop()
  if (dir) await rm(dir, { recursive: true })
})

const client = (command, topic, ...more) => run(command, ['-h', '127.0.0.1', '-p', String(node.mqtt), '-V', '5', '-q', '1', '-t', topic, ...more])
const publish = (...of) => client('mosquitto_pub', ...of)
// Someone whose session stays while she is away.
const night = (...more) => client('mosquitto_sub', 'lab/late', '-i', 'night', '-c', '-x', '3600', ...more)

test('what the node keeps', async (t) => {
  const page = await signedIn(t, browser, node, { reducedMotion: 'reduce', expected: /401|404/ }) // a stream may be asked for while it goes
  const dialog = page.getByRole('dialog')
  const fair = async (name) => assert.deepEqual(await faultsHere(page, `kept-${name}`), [])

  await t.test('a stream is made, and takes what its filter says', async () => {
    await page.getByRole('link', { name: 'Streams', exact: true }).click()
    await page.getByRole('row').filter({ hasText: 'telemetry' }).waitFor()
    await page.getByRole('button', { name: 'Make stream …' }).click()
    await dialog.getByLabel('Name,', { exact: false }).fill('lab')
    await dialog.getByLabel('Topic filters, one a line').fill('lab/#')
    await dialog.getByLabel('Keep for', { exact: false }).fill('a while')
    assert.ok(await dialog.getByRole('button', { name: 'Make stream' }).isDisabled())
    await dialog.getByLabel('Keep for', { exact: false }).fill('7d')
    await dialog.getByRole('button', { name: 'Make stream' }).click()
    await page.getByText('Stream lab made').waitFor()
    await publish('lab/scale', '--repeat', '250', '-m', '{"mass": 7.25}')
    await night('-E')
    await publish('lab/late', '-m', '{"late": true}')
    await page.getByRole('row').filter({ hasText: 'lab/#' }).click()
    await page.getByRole('complementary').getByText('7 d, 10.0 GiB at most').waitFor()
    await fair('streams')
    await page.getByRole('button', { name: 'Open stream' }).click()
    await page.getByRole('heading', { name: 'lab', exact: true }).waitFor()
    await page.locator('.figs div').filter({ hasText: 'Taken' }).locator('b').filter({ hasText: /^251$/ }).waitFor()
  })

  await t.test('a consumer group is made, changed and ended', async () => {
    const groups = page.getByRole('region', { name: 'Consumer groups' })
    const row = groups.getByRole('row').filter({ hasText: 'reports' })
    await groups.getByRole('button', { name: 'Make group …' }).click()
    await dialog.getByLabel('Group', { exact: true }).fill('reports')
    await dialog.getByRole('button', { name: 'Make group' }).click()
    await row.getByText('0 of 1,000').waitFor()
    await page.getByRole('region', { name: 'Readers' }).getByRole('row').filter({ hasText: 'consumer group' }).waitFor()
    await groups.getByRole('button', { name: 'Change group reports' }).click()
    await dialog.getByLabel('Begin').selectOption('now')
    await dialog.getByText('It begins anew there').waitFor()
    await dialog.getByLabel('In flight at most').fill('10')
    await dialog.getByRole('button', { name: 'Change group' }).click()
    await row.getByText('0 of 10').waitFor()
    await fair('stream')
    await groups.getByRole('button', { name: 'End group reports' }).click()
    await dialog.getByRole('button', { name: 'End group' }).click()
    await groups.getByText('No consumer group', { exact: false }).waitFor()
  })

  await t.test('a stream is replayed after its messages are counted, with pause and stop', async () => {
    await page.getByRole('button', { name: 'Replay …' }).click()
    await dialog.getByLabel('Pace').selectOption('rate')
    await dialog.getByLabel('Messages a second').fill('20')
    await dialog.getByLabel('Topic filter').fill('nothing/here')
    await dialog.getByText('No message is in this range.').waitFor()
    assert.ok(await dialog.getByRole('button', { name: /^Replay/ }).isDisabled())
    await dialog.getByLabel('Topic filter').fill('lab/scale')
    await dialog.getByText('250 messages, ', { exact: false }).waitFor()
    await dialog.getByText('It takes 1', { exact: false }).waitFor()
    await dialog.getByRole('button', { name: 'Replay 250 messages' }).click()
    const replays = page.getByRole('region', { name: 'Replays' })
    await replays.getByText('lab/scale → replay/…, 20 msg/s').waitFor()
    await replays.getByRole('button', { name: /^Pause replay/ }).click()
    await replays.getByText('paused').waitFor()
    await replays.getByRole('button', { name: /^Resume replay/ }).click()
    await replays.getByText('running').waitFor()
    await replays.getByRole('button', { name: /^Stop replay/ }).click()
    await replays.getByText('stopped').waitFor()
    assert.equal(await replays.getByRole('button').count(), 0)
  })

  await t.test('a stream is read page by page, and back', async () => {
    await page.getByRole('tab', { name: 'Messages' }).click()
    await page.getByText('Page 1, 200 messages').waitFor()
    await page.getByRole('button', { name: 'Next page' }).click()
    await page.getByText('Page 2, 51 messages').waitFor()
    await page.getByText('the end of what is stored').waitFor()
    await page.getByRole('button', { name: 'Back', exact: true }).click()
    await page.getByText('Page 1, 200 messages').waitFor()
    await page.getByLabel('Topic filter').fill('lab/late')
    await page.getByText('Page 1, 1 message').waitFor()
    await page.getByRole('row').filter({ hasText: 'lab/late' }).click()
    await page.getByRole('complementary').getByText('"late"').waitFor()
    await fair('messages')
    await page.getByRole('complementary').getByRole('button', { name: 'Why not delivered?' }).click()
    await page.locator('input[value^="lab:"]').waitFor()
  })

  await t.test('it is told by keyboard what became of a message for a client', async () => {
    const answer = page.locator('[aria-live=polite]').filter({ has: page.locator('.note') })
    const ask = async (field, text) => {
      await page.getByLabel(field, { exact: true }).focus()
      await page.keyboard.press('ControlOrMeta+a')
      await page.keyboard.type(text)
      await page.keyboard.press('Enter')
    }
    await page.keyboard.type('night') // the field that is left to fill has the focus
    await page.keyboard.press('Enter')
    await answer.getByText('Queued.').waitFor()
    await night('-C', '1')
    await page.keyboard.press('Enter')
    await answer.getByText('Acknowledged.').waitFor()
    await publish('lab/late', '-q', '0', '-m', 'late again')
    await ask('Topic or message', 'lab/late')
    await answer.getByText('Dropped:').waitFor()
    await answer.getByText('client_away, MR-4229', { exact: false }).waitFor()
    await page.getByRole('region', { name: /^Message of/ }).nth(1).getByText('Acknowledged.').waitFor()
    await fair('why')
    await speak(page, 'de')
    await answer.getByText('verworfen: Client nicht verbunden (client_away, MR-4229).', { exact: false }).waitFor()
    await speak(page, 'en')
    await ask('Client ID', 'nobody')
    await answer.getByText('No such client.').waitFor()
    await ask('Client ID', 'night')
    await ask('Topic or message', 'lab/nothing')
    await answer.getByText('No message.').waitFor()
    await ask('Topic or message', '0+ijb3f5fvup')
    await page.getByRole('alert').getByText('The message 0+ijb3f5fvup is not recorded', { exact: false }).waitFor()
    assert.equal(new URL(page.url()).searchParams.get('about'), '0+ijb3f5fvup')
  })

  await t.test('a back-up is planned, made and told of', async () => {
    await page.getByRole('link', { name: 'Back-ups' }).click()
    await page.getByText('every day at 02:30').waitFor()
    await page.getByText('the last 7', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Back up now …' }).click()
    await dialog.getByText(/are new .*; the back-up holds/).waitFor()
    await dialog.getByRole('button', { name: 'Start back-up' }).click()
    await page.getByText(/Back-up \S+ is made: .* were new\./).waitFor()
    const { last: made } = await (await page.request.get(`${node.url}/api/v1/backup`)).json()
    await page.getByRole('region', { name: 'Last back-up' }).getByText(made.name, { exact: true }).waitFor()
    await page.getByText(`millrace backup verify ${join(dir, 'backup')}`).waitFor()
    await run(node.binary, ['backup', 'verify', join(dir, 'backup')])
    await fair('backup')
  })

  await t.test('a stream is purged after its name was typed, and deleted', async () => {
    await page.getByRole('link', { name: 'Streams', exact: true }).click()
    await page.getByRole('row').filter({ hasText: 'lab/#' }).click()
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Purge …' }).click()
    await dialog.getByText(/Nothing of \d+ entries goes/).waitFor()
    await dialog.getByLabel('Remove').selectOption('all')
    const verb = dialog.getByRole('button', { name: /^Remove [1-9]\d* entr/ })
    await verb.waitFor()
    assert.ok(await verb.isDisabled())
    await page.setViewportSize({ width: 390, height: 844 })
    const { x, width } = await dialog.boundingBox()
    assert.ok(x >= 0 && x + width <= 390, `on a phone the dialog ends at ${x + width} of 390`)
    await page.setViewportSize({ width: 1280, height: 800 })
    await dialog.getByLabel('Type lab to confirm').fill('lab')
    await verb.click()
    await page.getByText(/entr(y|ies) of lab removed/).waitFor()
    await page.getByRole('button', { name: 'Delete …' }).click()
    await dialog.getByLabel('Type lab to confirm').fill('lab')
    await dialog.getByRole('button', { name: 'Delete stream' }).click()
    await page.getByText('Stream lab deleted').waitFor()
    await page.getByRole('row').filter({ hasText: 'lab/#' }).waitFor({ state: 'detached' })
    await page.getByRole('row').filter({ hasText: 'telemetry' }).waitFor()
  })
})
