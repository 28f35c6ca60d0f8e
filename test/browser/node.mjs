// Starts the real program on free loopback ports with a data folder of its own.
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const password = 'a-long-enough-password'

export async function startNode(env = {}) {
  const binary = process.env.MILLRACE_TEST_PROGRAM
  if (!binary) throw new Error('MILLRACE_TEST_PROGRAM has to name the program: run make test-browser')
  const data = await mkdtemp(join(tmpdir(), 'millrace-browser-'))
  const [mqtt, http] = [await freePort(), await freePort()]
  const args = ['serve', '--data', data, '--mqtt', `127.0.0.1:${mqtt}`, '--http', `127.0.0.1:${http}`]
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('MILLRACE_'))
  const process_ = spawn(binary, args, { env: { ...Object.fromEntries(inherited), MILLRACE_ADMIN_PASSWORD: password, ...env } })
  let log = ''
  for (const stream of [process_.stdout, process_.stderr]) stream.on('data', (bytes) => (log += bytes))
  const ended = new Promise((resolve) => process_.on('exit', resolve))
  const url = `http://127.0.0.1:${http}`
  await ready(url, process_, () => log)
  return {
    binary, data, mqtt, http, url, log: () => log,
    async stop() {
      process_.kill('SIGTERM')
      await ended
      await rm(data, { recursive: true })
    },
  }
}

async function ready(url, process_, log) {
  for (let tries = 0; tries < 200; tries++) {
    if (process_.exitCode !== null) throw new Error(`the node ended: ${log()}`)
    const answer = await fetch(`${url}/readyz`).catch(() => null)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`the node was not ready in 10 s: ${log()}`)
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

// run ends when the command does and fails when it failed.
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, options)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += bytes))
    child.on('error', reject)
    child.on('exit', (code) => (code === 0 ? resolve(output) : reject(new Error(`${command} ${args.join(' ')}: ${output}`))))
  })
}
