import { join } from 'node:path'
import {
  createRuntimeHost,
  type JobManager,
  jobManagerCapability,
  type RuntimeHost,
  requireCapabilities,
  type SwarmManager,
  swarmManagerCapability,
} from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findTestCluster } from '../../../test/support/test-cluster.js'
import { runProgram } from '../../../tools/run-program.mjs'
import { root } from '../../../tools/workspace.mjs'
import { runJobs } from '../src/index.js'
import { CapturedOutput } from '../src/run/captured-output.js'

const cluster = findTestCluster()
const { image } = cluster
let host: RuntimeHost
let jobs: JobManager
let swarm: SwarmManager

beforeAll(async () => {
  const plugin = dockerPlugin({ endpoint: cluster.endpoints[0] })
  host = createRuntimeHost({ plugins: [plugin], app: 'cluster-test', env: {} })
  const needs = { jobs: jobManagerCapability, swarm: swarmManagerCapability }
  const managers = requireCapabilities(await host.open(), needs)
  jobs = managers.jobs
  swarm = managers.swarm
})

afterAll(() => host[Symbol.asyncDispose]())

const listJobs = async () => (await swarm.listServices()).filter(({ isJob }) => isJob).map(({ name }) => name)

describe('jobs on a swarm of three nodes', () => {
  test('resolve with exit code 5 after both outputs, with the node, and leave nothing', async () => {
    const output = new CapturedOutput({ maxBytes: 1000, keep: 'start' })
    const command = ['sh', '-c', 'echo one; sleep 1; echo two; echo oops >&2; printf three; exit 5']
    const result = await jobs.runJob({ image, command }, output)
    expect(result).toMatchObject({ exitCode: 5, taskId: expect.any(String) })
    expect((await swarm.listNodes()).map(({ id }) => id)).toContain(result.nodeId)
    expect(output.toTexts()).toMatchObject({ stdout: 'one\ntwo\nthree', stderr: 'oops\n' })
    expect(await listJobs()).toEqual([])
  })

  test('run 200 times, 20 at once, on all nodes, each with its own output and exit code', {
    timeout: 300_000,
  }, async () => {
    const configs = Array.from({ length: 200 }, (_, index) => ({
      image,
      command: ['sh', '-c', `seq 1 ${index}; exit ${index % 100}`],
    }))
    const nodes = new Set<string | undefined>()
    for await (const { index, result, error } of runJobs(jobs, configs, { concurrency: 20 })) {
      if (result === undefined) throw error
      nodes.add(result.nodeId)
      const expected = Array.from({ length: index }, (_, line) => `${line + 1}\n`).join('')
      expect({ exitCode: result.exitCode, stdout: result.stdout }).toEqual({ exitCode: index % 100, stdout: expected })
    }
    expect(nodes.size).toBe(3)
    expect(await listJobs()).toEqual([])
  })

  test('get secrets, and run on the node of a constraint', async () => {
    const secretId = await swarm.createSecret('cluster-job-token', Buffer.from('hidden'))
    try {
      const [, hostname] = cluster.hostnames
      const node = (await swarm.listNodes()).find((listed) => listed.hostname === hostname)
      const output = new CapturedOutput({ maxBytes: 1000, keep: 'start' })
      const result = await jobs.runJob(
        {
          image,
          command: ['cat', '/run/secrets/token'],
          secrets: [{ secretId, target: '/run/secrets/token' }],
          constraints: [`node.hostname==${hostname}`],
        },
        output,
      )
      expect([output.toTexts().stdout, result.nodeId]).toEqual(['hidden', node?.id])
    } finally {
      await swarm.removeSecret(secretId)
    }
  })

  test('reject with IMAGE_NOT_FOUND when a node does not find the image, after one rejected task', async () => {
    const job = jobs.runJob({ image: 'capstan-test/absent:1' })
    await expect(job).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND', facts: { image: 'capstan-test/absent:1' } })
    expect(await listJobs()).toEqual([])
  })

  test('wait without a suitable node with its reason, until they are aborted', async () => {
    const abort = new AbortController()
    const reason = new Error('enough')
    const seen: string[] = []
    const job = jobs.runJob(
      { image, constraints: ['node.labels.gpu==yes'] },
      {
        signal: abort.signal,
        onProgress: ({ status }) => {
          seen.push(status)
          if (status.includes('no suitable node')) abort.abort(reason)
        },
      },
    )
    await expect(job).rejects.toBe(reason)
    expect(seen.at(-1)).toContain('pending: no suitable node')
    expect(await listJobs()).toEqual([])
  })

  test('reject with EXIT_CODE_UNKNOWN when another client removes them', async () => {
    const job = jobs.runJob(
      { image, command: ['sleep', '60'] },
      {
        onProgress: ({ status }) => {
          if (status !== 'running') return
          void listJobs().then(([name = '']) => swarm.removeService(name))
        },
      },
    )
    await expect(job).rejects.toMatchObject({ code: 'EXIT_CODE_UNKNOWN', undoFailures: [] })
  })

  test('of examples/batch print the results in its README', async () => {
    const env = { ...process.env, DOCKER_HOST: cluster.endpoints[0] }
    const program = join(root, 'examples/batch/main.mjs')
    const { code, output } = await runProgram(process.execPath, [program, 'docker', image], { env })
    expect(code, output).toBe(0)
    expect(output).toContain('exit 3 → exit code 3, not this time\nseq 1 1000 | wc -l → ok, 1000\non ')
  })

  test('reject with EXIT_CODE_UNKNOWN when the node is lost, and are not run again', { timeout: 120_000 }, async () => {
    const constraints = [`node.hostname==${cluster.hostnames[2]}`]
    const command = ['sh', '-c', 'sleep 60; exit 3']
    const tasks = new Set<string>()
    let killed: Promise<void> | undefined
    const job = jobs.runJob(
      { image, command, constraints },
      {
        onProgress: ({ id, status }) => {
          tasks.add(id)
          if (status === 'running') killed ??= cluster.kill(3)
        },
      },
    )
    try {
      await expect(job).rejects.toMatchObject({ code: 'EXIT_CODE_UNKNOWN', undoFailures: [] })
      expect(tasks.size).toBe(1)
      expect(await listJobs()).toEqual([])
    } finally {
      await killed
      await cluster.revive()
    }
  })
})
