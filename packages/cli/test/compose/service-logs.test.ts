import { createRuntimeHost } from '@capstan/core'
import { type MemoryProgram, memoryPlugin } from '@capstan/runtime-memory'
import { expect, it } from 'vitest'
import { showLogs } from '../../src/compose/service-logs.js'
import { FakeIo } from '../support/fake-io.js'

it('writes a long line that arrives in many chunks in parts, before it has ended', async () => {
  const printer: MemoryProgram = async ({ stdout }) => {
    for (let count = 0; count < 10; count += 1) stdout.write('x'.repeat(20_000))
    return 0
  }
  const host = createRuntimeHost({ plugins: [memoryPlugin({ commands: { printer } })], env: {} })
  await using scope = await host.open({ runtime: 'memory' })
  const { runtime } = scope
  const id = await runtime.createContainer({ image: 'busybox', command: ['printer'] })
  await runtime.startAttached(id, {})
  const io = new FakeIo()
  const { signal } = new AbortController()
  const containers = [{ id, label: 'app-1', service: 'app' }]
  await showLogs(containers, { scope, io, signal, log: {}, prefix: true, json: false })
  const lines = io.stdout.text.trimEnd().split('\n')
  expect(lines.length).toBeGreaterThan(1)
  expect(lines.every((line) => line.startsWith('app-1  | '))).toBe(true)
})
