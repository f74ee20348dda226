import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createOutsideNetwork, type OutsideNetwork } from '../../../../test/support/outside-network.js'
import { testEngine } from '../../../../test/support/test-engine.js'
import { runProgram } from '../../../../tools/run-program.mjs'
import { sshServerProgram, startSshServer } from '../../../../tools/test-ssh-server.mjs'
import { root } from '../../../../tools/workspace.mjs'
import type { ConformanceReport } from '../../src/index.js'

const { CAPSTAN_TLS_ENDPOINT: endpoint, CAPSTAN_TLS_DIRECTORY: certificates = '' } = process.env

/** The cases that use ports, the network or files of the engine's machine. */
const only = ['PORT', 'MODE', 'ADDR', 'MNT', 'SIDE-008']

describe.skipIf(endpoint === undefined || !testEngine.available)('capstan conformance on an engine elsewhere', () => {
  const { port } = new URL((endpoint ?? 'tcp://127.0.0.1:0').replace('tcp:', 'http:'))
  let directory: string
  let outside: OutsideNetwork
  beforeAll(async () => {
    // The engine sees `/tmp` of this machine, and must not find the files of the kit there.
    directory = mkdtempSync('/var/tmp/capstan-test-')
    outside = await createOutsideNetwork()
  })
  afterAll(async () => {
    await outside[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  })

  /** Runs these groups and cases in a network in which only an address reaches the engine. */
  async function runKit(groups: readonly string[], engineEnv: Readonly<Record<string, string>>) {
    if (!testEngine.available) throw new Error(testEngine.reason)
    const file = join(directory, 'report.json')
    const words = ['conformance', '--runtime', 'docker', '--image', testEngine.image, '--report', file]
    const command = [process.execPath, join(root, 'packages/cli/bin/capstan.js'), ...words, '--only', groups.join(',')]
    const [program, ...argv] = outside.toCommand(command)
    const env = { ...process.env, TMPDIR: directory, ...engineEnv }
    const { output } = await runProgram(program, argv, { env })
    const { cases }: ConformanceReport = JSON.parse(readFileSync(file, 'utf8'))
    const failed = cases.flatMap((result) =>
      result.status === 'failed' ? [{ id: result.id, failures: result.failures }] : [],
    )
    const withReason = cases.flatMap((result) =>
      'missing' in result ? [`${result.id} ${result.missing[0].subject}`] : [],
    )
    return { failed, withReason, output }
  }

  const unknownAddress = ['MODE-003', 'MODE-005', 'MODE-006', 'ADDR-001', 'ADDR-002'].map(
    (id) => `${id} getHostAddress`,
  )

  test('passes over TLS: ports, networks and bind sources are those of the engine', async () => {
    const tls = {
      DOCKER_HOST: `tcp://${outside.address}:${port}`,
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: certificates,
    }
    const { failed, withReason, output } = await runKit(only, tls)
    expect(failed, output).toEqual([])
    expect(withReason).toEqual(['MNT-014 mounts.bind.relabel', ...unknownAddress])
  })

  test.skipIf(!existsSync(sshServerProgram))('passes over ssh: ports are those of the host of ssh', async () => {
    if (!testEngine.available) throw new Error(testEngine.reason)
    const server = await startSshServer([], { address: outside.address })
    const env = { ...server.env, DOCKER_HOST: `ssh://${server.address}${testEngine.socketPath}` }
    const { failed, withReason, output } = await runKit(['PORT', 'ADDR-001'], env).finally(() => server.close())
    expect(failed, output).toEqual([])
    expect(withReason).toEqual(['ADDR-001 getHostAddress'])
  })
})
