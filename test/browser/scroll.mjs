// How many frames a second the list of clients draws while it is scrolled, with many
// clients connected, and what of the page's thread a frame takes. Once from top to bottom in
// five seconds, then at the pace of a wheel. Reported, not asserted:
//   MILLRACE_TEST_PROGRAM=../../build/millrace node scroll.mjs [clients]
import { spawn } from 'node:child_process'
import { chromium } from 'playwright-core'
import { password, startNode } from './node.mjs'

const clients = Number(process.argv[2] ?? 10_000)
const node = await startNode()
const load = spawn(node.binary, ['bench', 'conn', '--addr', `127.0.0.1:${node.mqtt}`, '--connections', String(clients), '--duration', '120s'], { stdio: 'ignore' })
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic'] })
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  await page.goto(node.url)
  await page.locator('input[name=username]').fill('admin')
  await page.locator('input[name=password]').fill(password)
  await page.keyboard.press('Enter')
  await page.locator('main .pgh').waitFor()
  let count = 0
  for (let tries = 0; tries < 100 && count < clients; tries++) {
    count = (await (await page.request.get(`${node.url}/api/v1/clients?limit=1`)).json()).meta.count
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  const thread = await page.context().newCDPSession(page)
  await thread.send('Performance.enable', { timeDomain: 'threadTicks' }) // other work on the machine does not count
  const cost = async () => Object.fromEntries((await thread.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value * 1000]))
  for (const [pace, rows] of [['top to bottom', count / 5], ['a wheel', 120]]) {
    await page.goto(`${node.url}/clients`)
    await page.getByRole('row').nth(5).waitFor()
    const before = await cost()
    const { frames, seconds, longest } = await page.evaluate(scroll, rows)
    const after = await cost()
    const part = (name) => `${name.replace('Duration', '').toLowerCase()} ${((after[name] - before[name]) / frames).toFixed(2)}`
    const parts = ['TaskDuration', 'ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration'].map(part).join(', ')
    console.log(`${count} clients, ${pace}: ${(frames / seconds).toFixed(1)} frames/s, longest ${longest.toFixed(0)} ms; ms a frame: ${parts}`)
  }
} finally {
  await browser.close()
  load.kill('SIGTERM')
  await node.stop()
}

// Scrolls the grid for five seconds, so many rows a second.
function scroll(rows) {
  const grid = document.querySelector('.dg')
  const height = grid.querySelector('.dgr').offsetHeight
  const began = performance.now()
  let frames = 0
  let last = began
  let longest = 0
  return new Promise((resolve) => {
    const step = (now) => {
      frames++
      longest = Math.max(longest, now - last)
      last = now
      const seconds = (now - began) / 1000
      grid.scrollTop = rows * height * seconds
      if (seconds < 5) requestAnimationFrame(step)
      else resolve({ frames, seconds, longest })
    }
    requestAnimationFrame(step)
  })
}
