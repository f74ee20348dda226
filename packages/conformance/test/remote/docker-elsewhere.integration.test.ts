import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from '@capstan/core/plugin'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createOutsideNetwork, type OutsideNetwork } from '../../../../test/support/outside-network.js'
import { testEngine } from '../../../../test/support/test-engine.js'
import { tlsEngine } from '../../../../test/support/tls-engine.js'
import { runProgram } from '../../../../tools/run-program.mjs'
import { hasSshServer, startSshServer } from '../../../../tools/test-ssh-server.mjs'
import { root } from '../../../../tools/workspace.mjs'
import type { ConformanceReport } from '../../src/index.js'

/** The cases that use ports, the network or files of the engine's machine, or the address of this one. */
const only = [
  ...['PORT-001', 'PORT-002', 'PORT-006', 'PORT-009', 'PORT-010', 'PORT-011', 'SIDE-008', 'MODE-001', 'MODE-003'],
  ...['MODE-005', 'MODE-006', 'ADDR-001', 'ADDR-002', 'MNT-001', 'MNT-002', 'MNT-004', 'MNT-014'],
]

describe.skipIf(tlsEngine === undefined || !testEngine.available)('capstan conformance on an engine elsewhere', () => {
  let directory: string
  let outside: OutsideNetwork
  beforeAll(async () => {
    // The engine sees `/tmp` of this machine, and must not find the files of the kit there.
    directory = mkdtempSync('/var/tmp/capstan-test-')
    outside = await createOutsideNetwork()
  })
  afterAll(async () => {
    rmSync(directory, { recursive: true })
    await outside[Symbol.asyncDispose]()
  })

  /** Runs these groups and cases in a network in which only an address reaches the engine. */
  async function runKit(groups: readonly string[], engineEnv: Environment) {
    if (!testEngine.available) throw new Error(testEngine.reason)
    const file = join(directory, `${randomUUID()}.json`)
    const words = ['conformance', '--runtime', 'docker', '--image', testEngine.image, '--report', file]
    const command = [process.execPath, join(root, 'packages/cli/bin/capstan.js'), ...words, '--only', groups.join(',')]
    const [program, ...argv] = outside.toCommand(command)
    const env = { ...process.env, TMPDIR: directory, ...engineEnv }
    const { code, output } = await runProgram(program, argv, { env })
    const { cases }: ConformanceReport = JSON.parse(readFileSync(file, 'utf8'))
    const failed = cases.flatMap((result) =>
      result.status === 'failed' ? [{ id: result.id, failures: result.failures }] : [],
    )
    const withReason = cases.flatMap((result) =>
      'missing' in result ? [`${result.id} ${result.missing[0].subject}`] : [],
    )
    return { code, failed, withReason, output }
  }

  const unknownAddress = ['MODE-003', 'MODE-005', 'MODE-006', 'ADDR-001', 'ADDR-002'].map(
    (id) => `${id} getHostAddress`,
  )

  test('passes over TLS: ports, networks and bind sources are those of the engine', async () => {
    const { code, failed, withReason, output } = await runKit(only, tlsEngine?.toEnv(outside.address) ?? {})
    expect({ code, failed }, output).toEqual({ code: 0, failed: [] })
    expect(withReason).toEqual(['MNT-014 mounts.bind.relabel', ...unknownAddress])
  })

  test.skipIf(!hasSshServer)('passes over ssh: ports are those of the host of ssh', async () => {
    if (!testEngine.available) throw new Error(testEngine.reason)
    const server = await startSshServer([], { address: outside.address })
    const env = server.toEngineEnv(testEngine.socketPath)
    const { code, failed, withReason, output } = await runKit(['PORT-001', 'PORT-010', 'ADDR-001'], env).finally(() =>
      server.close(),
    )
    expect({ code, failed }, output).toEqual({ code: 0, failed: [] })
    expect(withReason).toEqual(['ADDR-001 getHostAddress'])
  })
})
