import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { withEngine } from '../../../tools/engines/with-engine.mjs'
import { root } from '../../../tools/workspace.mjs'

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s stops the engine that was started', async (signal, status) => {
  expect(await interrupt(signal, [])).toEqual({ status, calls: ['start', 'work', 'stop'] })
})

test('SIGTERM does not stop an engine that ran before', async () => {
  expect(await interrupt('SIGTERM', ['running'])).toEqual({ status: 143, calls: ['start', 'work'] })
})

test('stops the engine and rejects with the error of the work', async () => {
  const calls: string[] = []
  const failing = withEngine({
    wasRunning: false,
    start: async () => calls.push('start'),
    work: async () => Promise.reject(new Error('work failed')),
    stop: async () => calls.push('stop'),
  })
  await expect(failing).rejects.toThrow('work failed')
  expect(calls).toEqual(['start', 'stop'])
})

/** Sends a signal to a process when it works beside its engine, and resolves with its calls and exit status. */
async function interrupt(signal: NodeJS.Signals, args: readonly string[]) {
  const child = spawn(process.execPath, [join(root, 'test', 'fixtures', 'interrupted-engine.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    if (text.includes('work')) child.kill(signal)
  })
  const [status] = await once(child, 'close')
  return { status, calls: output.trim().split('\n') }
}
