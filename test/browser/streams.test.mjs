// What the node keeps, in Debian's Chromium, on the real program: a stream is made,
// read by pages, replayed, purged and deleted; a group is made; a back-up is taken.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { run, startNode } from './node.mjs'
import { faults, launch, shots, signedIn } from './page.mjs'

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

const open = (t, options) => signedIn(t, browser, node, options)
const publish = (topic, ...more) => run('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(node.mqtt), '-q', '1', '-t', topic, ...more])

test('a stream', async (t) => {
  const page = await open(t)
  const dialog = page.getByRole('dialog')

  await t.test('is made, and takes what its filter says', async () => {
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
    await publish('lab/late', '-m', '{"late": true}')
    await page.getByRole('row').filter({ hasText: 'lab/#' }).click()
    await page.getByRole('complementary').getByText('7 d, 10.0 GiB at most').waitFor()
    await page.getByRole('button', { name: 'Open stream' }).click()
    await page.getByRole('heading', { name: 'lab', exact: true }).waitFor()
    await page.locator('.figs div').filter({ hasText: 'Taken' }).locator('b').filter({ hasText: /^251$/ }).waitFor()
  })

  await t.test('has a consumer group made, changed and ended', async () => {
    const groups = page.getByRole('region', { name: 'Consumer groups' })
    await groups.getByRole('button', { name: 'Make group …' }).click()
    await dialog.getByLabel('Group', { exact: true }).fill('reports')
    await dialog.getByRole('button', { name: 'Make group' }).click()
    await groups.getByRole('row').filter({ hasText: 'reports' }).getByText('0 of 1,000').waitFor()
    await page.getByRole('region', { name: 'Readers' }).getByRole('row').filter({ hasText: 'consumer group' }).waitFor()
    await groups.getByRole('button', { name: 'Change group reports' }).click()
    await dialog.getByLabel('Begin').selectOption('now')
    await dialog.getByText('It begins anew there').waitFor()
    await dialog.getByLabel('In flight at most').fill('10')
    await dialog.getByRole('button', { name: 'Change group' }).click()
    await groups.getByRole('row').filter({ hasText: 'reports' }).getByText('0 of 10').waitFor()
    await groups.getByRole('button', { name: 'End group reports' }).click()
    await dialog.getByRole('button', { name: 'End group' }).click()
    await groups.getByText('No consumer group', { exact: false }).waitFor()
  })

  await t.test('is replayed after its messages are counted, with pause and stop', async () => {
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

  await t.test('is read page by page, and back', async () => {
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
    await page.getByRole('complementary').getByRole('button', { name: 'Why not delivered?' }).click()
    await page.locator('input[value^="lab:"]').waitFor()
  })
})

test('a back-up is planned, made and told of', async (t) => {
  const page = await open(t)
  await page.getByRole('link', { name: 'Back-ups' }).click()
  await page.getByText('every day at 02:30').waitFor()
  await page.getByText('the last 7', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Back up now …' }).click()
  await page.getByRole('dialog').getByText(/are new .*; the back-up holds/).waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Start back-up' }).click()
  await page.getByText(/Back-up \S+ is made: .* were new\./).waitFor()
  const { last: made } = await (await page.request.get(`${node.url}/api/v1/backup`)).json()
  await page.getByRole('region', { name: 'Last back-up' }).getByText(made.name, { exact: true }).waitFor()
  await page.getByText(`millrace backup verify ${join(dir, 'backup')}`).waitFor()
  await run(process.env.MILLRACE_TEST_PROGRAM, ['backup', 'verify', join(dir, 'backup')])
})

test('these pages are free of what axe finds, light, dark, on a phone and in German', async (t) => {
  const paths = ['streams?stream=lab', 'stream?name=lab', 'stream?name=lab&tab=messages', 'backup']
  assert.deepEqual(await faults(t, browser, node, paths, 'kept-'), [])
})

test('a stream is purged after its name was typed, and deleted', async (t) => {
  const page = await open(t, { expected: /401|404/ }) // one may be asked for while it goes
  await page.goto(`${node.url}/stream?name=lab`)
  await page.getByRole('button', { name: 'Purge …' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(/Nothing of \d+ entries goes/).waitFor()
  await dialog.getByLabel('Remove').selectOption('all')
  const verb = dialog.getByRole('button', { name: /^Remove [1-9]\d* entr/ })
  await verb.waitFor()
  assert.ok(await verb.isDisabled())
  await dialog.getByLabel('Type lab to confirm').fill('lab')
  await verb.click()
  await page.getByText(/entr(y|ies) of lab removed/).waitFor()
  await page.getByRole('button', { name: 'Delete …' }).click()
  await dialog.getByLabel('Type lab to confirm').fill('lab')
  await dialog.getByRole('button', { name: 'Delete stream' }).click()
  await page.getByText('Stream lab deleted').waitFor()
  await page.getByRole('row').filter({ hasText: 'telemetry' }).waitFor()
  assert.equal(await page.getByRole('row').filter({ hasText: 'lab/#' }).count(), 0)
})
