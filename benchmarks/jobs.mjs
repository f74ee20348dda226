import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { runJobs } from '@capstan/container-tools'
import { createRuntimeHost, jobManagerCapability, requireCapabilities } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { measurePairs, toElapsed } from './measure.mjs'
import { createRawEngine } from './raw-engine.mjs'

export const title =
  'jobs, 20 at a time, with their output: runJobs / the same raw requests; on a swarm where the engine manages one'
export const target = 1.1
export const needsEngine = true

/** Runs 20 and 200 jobs. The remark has the cost per job, which should not grow with their number. */
export async function run({ pairs, image, socketPath }) {
  const host = createRuntimeHost({ plugins: [dockerPlugin()] })
  const { jobs } = requireCapabilities(await host.open(), { jobs: jobManagerCapability })
  const raw = createRawEngine(socketPath)
  try {
    const { Swarm: swarm } = await raw.json('GET', '/info')
    const runRaw = swarm?.ControlAvailable ? runTask : runContainer
    const results = []
    for (const count of counts) {
      const result = await measurePairs({
        capstan: () => toElapsed(() => runByCapstan(jobs, image, count)),
        baseline: () => toElapsed(() => runAtOnce(count, (index) => runRaw(raw, image, index))),
        pairs: Math.min(pairs, maxPairs),
      })
      const each = (result.capstan / count).toFixed(1)
      const ratios = result.ratios.map((ratio) => ratio.toFixed(2)).join(' ')
      results.push({ ...result, label: `${count} jobs`, remark: `${each} ms a job; pairs ${ratios}` })
    }
    return results
  } finally {
    raw.close()
    await host[Symbol.asyncDispose]()
  }
}

const toCommand = (index) => ['sh', '-c', `echo ${index}; exit ${index % 100}`]

async function runByCapstan(jobs, image, count) {
  const configs = Array.from({ length: count }, (_, index) => ({ image, command: toCommand(index) }))
  for await (const { index, result, error } of runJobs(jobs, configs, { concurrency })) {
    if (error !== undefined) throw error
    checkResult(index, result.exitCode, result.stdout)
  }
}

async function runAtOnce(count, runOne) {
  let next = 0
  const work = async () => {
    while (next < count) {
      const index = next
      next += 1
      await runOne(index)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
}

/** Creates, attaches to, starts, waits for and removes a container. */
async function runContainer(raw, image, index) {
  const body = { Image: image, Cmd: toCommand(index), Labels: { 'capstan.bench': '1' } }
  const { Id } = await raw.json('POST', '/containers/create', body)
  try {
    const attached = await raw.stream('POST', `/containers/${Id}/attach?stream=1&stdout=1&stderr=1`)
    const output = readFrames(attached)
    await raw.json('POST', `/containers/${Id}/start`)
    const stdout = await output
    const { StatusCode } = await raw.json('POST', `/containers/${Id}/wait?condition=not-running`)
    checkResult(index, StatusCode, stdout)
  } finally {
    await raw.json('DELETE', `/containers/${Id}?force=1&v=1`)
  }
}

/** Creates a service with one task, lists its tasks until it has ended, reads its log and removes the service. */
async function runTask(raw, image, index) {
  const { ID } = await raw.json('POST', '/services/create', {
    Name: `capstan-bench-${randomUUID()}`,
    Labels: { 'capstan.bench': '1' },
    Mode: { ReplicatedJob: { MaxConcurrent: 1, TotalCompletions: 1 } },
    TaskTemplate: { ContainerSpec: { Image: image, Args: toCommand(index) }, RestartPolicy: { Condition: 'none' } },
  })
  try {
    const filters = encodeURIComponent(JSON.stringify({ service: [ID] }))
    for (;;) {
      const [task] = await raw.json('GET', `/tasks?filters=${filters}`)
      const { State, ContainerStatus } = task?.Status ?? {}
      if (State === 'complete' || State === 'failed') {
        const stdout = await readFrames(await raw.stream('GET', `/tasks/${task.ID}/logs?stdout=1&stderr=1`))
        return checkResult(index, ContainerStatus?.ExitCode ?? 0, stdout)
      }
      await delay(100)
    }
  } finally {
    await raw.json('DELETE', `/services/${ID}`)
  }
}

function checkResult(index, exitCode, stdout) {
  if (exitCode !== index % 100) throw new Error(`job ${index} has exit code ${exitCode}`)
  if (stdout !== `${index}\n`) throw new Error(`job ${index} has the output ${JSON.stringify(stdout)}`)
}

/** Reads frames to their end and returns their payloads. */
async function readFrames(stream) {
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  let text = ''
  for (let offset = 0; offset < bytes.length; ) {
    const length = bytes.readUInt32BE(offset + 4)
    text += bytes.subarray(offset + 8, offset + 8 + length).toString()
    offset += 8 + length
  }
  return text
}

const concurrency = 20
const counts = [20, 200]

/** The limit keeps the benchmark short: 200 jobs can take a minute. */
const maxPairs = 3
