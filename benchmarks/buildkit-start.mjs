import { randomBytes } from 'node:crypto'
import { createRuntimeHost } from '@capstan/core'
import { BuildKitFeature } from '@capstan/feature-buildkit'
import { dockerPlugin } from '@capstan/runtime-docker'
import { toElapsed, toMedian } from './measure.mjs'
import { createRawEngine } from './raw-engine.mjs'

export const title = 'BuildKit, from start() to ready / the same steps by raw requests'
export const target = 1.15
export const needsEngine = true
export const needsBuildKitImage = true

/** Alternates between the feature, the same steps by raw requests, and raw requests with one check per second. */
export async function run({ pairs, buildkitImage: image, socketPath }) {
  const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint: `unix://${socketPath}` })] })
  const feature = (await host.open()).resolve(BuildKitFeature)
  const raw = createRawEngine(socketPath)
  const starts = {
    capstan: () => startFeature(feature, image),
    baseline: () => startRaw(raw, image, waitForAnswer),
    polling: () => startRaw(raw, image, checkEachSecond),
  }
  const costs = { capstan: [], baseline: [], polling: [] }
  try {
    for (let round = 0; round <= Math.min(pairs, maxPairs); round += 1) {
      const names = Object.keys(starts)
      for (const name of round % 2 === 0 ? names : names.reverse()) {
        const cost = await starts[name]()
        if (round > 0) costs[name].push(cost) // the first round is a warm-up
      }
    }
  } finally {
    raw.close()
    await host[Symbol.asyncDispose]()
  }
  const [capstan, baseline, polling] = [costs.capstan, costs.baseline, costs.polling].map(toMedian)
  return {
    capstan,
    baseline,
    ratio: capstan / baseline,
    remark: `${(capstan / polling).toFixed(2)} of one check per second (${polling.toFixed(0)} ms)`,
  }
}

async function startFeature(feature, image) {
  let sidecar
  const cost = await toElapsed(async () => {
    sidecar = await feature.start({ image, name: toName(), graceMs: 0 })
  })
  await sidecar[Symbol.asyncDispose]()
  return cost
}

/** Creates a network, two volumes and a container, starts it, and calls `waitUntilReady`. */
async function startRaw(raw, image, waitUntilReady) {
  const name = toName()
  const Labels = { 'capstan.bench': '1' }
  const volumes = [`${name}-state`, `${name}-socket`]
  try {
    return await toElapsed(async () => {
      await raw.json('POST', '/networks/create', { Name: name, CheckDuplicate: true, Labels })
      for (const volume of volumes) await raw.json('POST', '/volumes/create', { Name: volume, Labels })
      await raw.json('POST', `/containers/create?name=${name}`, {
        Image: image,
        Cmd: ['buildkitd'],
        Entrypoint: [],
        Labels,
        HostConfig: {
          Privileged: true,
          Init: true,
          NetworkMode: name,
          Binds: [`${volumes[0]}:/var/lib/buildkit`, `${volumes[1]}:/run/buildkit`],
        },
      })
      await raw.json('POST', `/containers/${name}/start`)
      await waitUntilReady(raw, name)
    })
  } finally {
    await raw.json('DELETE', `/containers/${name}?force=1&v=1`)
    for (const volume of volumes) await raw.json('DELETE', `/volumes/${volume}`)
    await raw.json('DELETE', `/networks/${name}`)
  }
}

/** Waits for the socket and calls the daemon in one exec. */
async function waitForAnswer(raw, name) {
  const script = 'while [ ! -e /run/buildkit/buildkitd.sock ]; do sleep 0.01; done; exec buildctl debug workers'
  const command = { Cmd: ['sh', '-c', script], AttachStdout: true, AttachStderr: true }
  const { Id } = await raw.json('POST', `/containers/${name}/exec`, command)
  for await (const _ of await raw.stream('POST', `/exec/${Id}/start`, { Detach: false, Tty: false }));
  const { ExitCode } = await raw.json('GET', `/exec/${Id}/json`)
  if (ExitCode !== 0) throw new Error(`exit code ${ExitCode}`)
}

async function checkEachSecond(raw, name) {
  for (let attempt = 0; attempt < 10; attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const { State } = await raw.json('GET', `/containers/${name}/json`)
    if (State.Running) return
  }
  throw new Error('the container does not run')
}

function toName() {
  return `capstan-bench-buildkit-${randomBytes(4).toString('hex')}`
}

/** The limit keeps the benchmark short: one start takes seconds. */
const maxPairs = 12
