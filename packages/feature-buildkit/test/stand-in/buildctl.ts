import { connect } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { readFixture } from '../support/read-fixture.js'
import { parseFlags, Refusal } from './flags.js'
import { playBuild } from './play-build.js'

/** The commands that Capstan uses, and `debug workers`, by which others ask whether BuildKit is there. */
export async function runBuildctl(words: readonly string[]): Promise<number> {
  if (words.includes('--version')) {
    process.stdout.write('buildctl stand-in, plays github.com/moby/buildkit v0.32.2\n')
    return 0
  }
  const address = (process.env.BUILDKIT_HOST || defaultAddress).replace(/^unix:\/\//, '')
  try {
    return await run(words, address)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    process.stderr.write(`error: ${error.message}\n`)
    return 1
  }
}

async function run([command = '', ...words]: readonly string[], address: string): Promise<number> {
  switch (command) {
    case 'dial-stdio':
      return dialStdio(address)
    case 'build':
      await requireDaemon(address, 'listing workers for Build: failed to list workers')
      return playBuild(words)
    case 'debug':
      if (words[0] !== 'workers') throw new Refusal(`the stand-in has no debug ${words[0]}`)
      parseFlags(words.slice(1), { format: 'string', verbose: 'boolean', filter: 'string' })
      await requireDaemon(address, 'failed to list workers')
      process.stdout.write(readFixture('debug-workers.json'))
      return 0
    default:
      throw new Refusal(`the stand-in has no ${command}`)
  }
}

async function dialStdio(address: string): Promise<number> {
  const socket = connect({ path: address, allowHalfOpen: true })
  try {
    await Promise.all([pipeline(process.stdin, socket), pipeline(socket, process.stdout)])
    return 0
  } catch (error) {
    throw toRefusal(error, '')
  } finally {
    process.stdin.destroy()
  }
}

async function requireDaemon(address: string, what: string): Promise<void> {
  const socket = connect({ path: address })
  try {
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  } catch (error) {
    const prefix = `${what}: Unavailable: connection error: desc = "transport: Error while dialing: `
    throw toRefusal(error, prefix, '"')
  } finally {
    socket.destroy()
  }
}

function toRefusal(error: unknown, prefix: string, suffix = ''): Refusal {
  const { code = '', address = '' } = error as NodeJS.ErrnoException & { readonly address?: string }
  const words = { ENOENT: 'no such file or directory', ECONNREFUSED: 'connection refused' }[code] ?? String(error)
  return new Refusal(`${prefix}dial unix ${address}: connect: ${words}${suffix}`)
}

const defaultAddress = 'unix:///run/buildkit/buildkitd.sock'
