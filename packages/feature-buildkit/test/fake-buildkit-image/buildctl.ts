import { connect } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { readFixture } from '../../../buildkit-client/test/support/read-fixture.js'
import { CommandError, parseFlags } from './flags.js'

/** Runs the commands of `buildctl` that Capstan uses, and `debug workers`, which other clients use to check readiness. */
export async function runBuildctl(words: readonly string[]): Promise<number> {
  if (words.includes('--version')) {
    process.stdout.write('buildctl (a fake of github.com/moby/buildkit v0.32.2)\n')
    return 0
  }
  const address = (process.env.BUILDKIT_HOST || defaultAddress).replace(/^unix:\/\//, '')
  try {
    return await run(words, address)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    process.stderr.write(`error: ${error.message}\n`)
    return 1
  }
}

async function run([command = '', ...words]: readonly string[], address: string): Promise<number> {
  switch (command) {
    case 'dial-stdio':
      return dialStdio(address)
    case 'debug':
      if (words[0] !== 'workers') throw new CommandError(`the fake BuildKit does not support debug ${words[0]}`)
      parseFlags(words.slice(1), { format: 'string', verbose: 'boolean', filter: 'string' })
      await requireDaemon(address)
      process.stdout.write(readFixture('debug-workers.json'))
      return 0
    default:
      throw new CommandError(`the fake BuildKit does not support ${command}`)
  }
}

async function dialStdio(address: string): Promise<number> {
  const socket = connect({ path: address, allowHalfOpen: true })
  try {
    await Promise.all([pipeline(process.stdin, socket), pipeline(socket, process.stdout)])
    return 0
  } catch (error) {
    throw createUnsupportedError(error, '')
  } finally {
    process.stdin.destroy()
  }
}

async function requireDaemon(address: string): Promise<void> {
  const socket = connect({ path: address })
  try {
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  } catch (error) {
    const prefix = 'failed to list workers: Unavailable: connection error: desc = "transport: Error while dialing: '
    throw createUnsupportedError(error, prefix, '"')
  } finally {
    socket.destroy()
  }
}

function createUnsupportedError(error: unknown, prefix: string, suffix = ''): CommandError {
  const { code = '', address = '' } = error as NodeJS.ErrnoException & { readonly address?: string }
  const message = { ENOENT: 'no such file or directory', ECONNREFUSED: 'connection refused' }[code] ?? String(error)
  return new CommandError(`${prefix}dial unix ${address}: connect: ${message}${suffix}`)
}

const defaultAddress = 'unix:///run/buildkit/buildkitd.sock'
