import { spawnSync } from 'node:child_process'
import { composeManagerCapability, createRuntimeHost, requireCapabilities } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { findComposeRelease } from '../tools/engines/docker-compose.mjs'
import { measurePairs, toElapsed } from './measure.mjs'

export const title = 'up of a Compose project until it is ready / docker-compose up --detach --wait'
export const target = 1.1
export const needsEngine = true

const release = '2.40'
const maxPairs = 15

/** Returns the reason why it cannot run. */
export function findProblem() {
  if (findComposeRelease(release)) return undefined
  return 'needs Compose: node tools/engines/docker-compose.mjs up'
}

/** Both bring up the same project of two services, one with a health check, and remove it outside of the measurement. */
export async function run({ pairs, image, socketPath }) {
  const composeProgram = findComposeRelease(release)
  const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint: `unix://${socketPath}`, composeProgram })] })
  const { compose } = requireCapabilities(await host.open({ runtime: 'docker' }), { compose: composeManagerCapability })
  const name = `benchmark-${process.pid}`
  const content = JSON.stringify({ services: createServices(image), volumes: { data: {} } })
  const down = () => compose.down(name, { volumes: true, graceMs: 0 })
  const measureUp = async (up) => {
    const elapsed = await toElapsed(up)
    await down()
    return elapsed
  }
  const upByCompose = async () => {
    const args = ['--project-name', name, '--file', '-', 'up', '--detach', '--wait']
    const env = { DOCKER_HOST: `unix://${socketPath}` }
    const { status, stderr } = spawnSync(composeProgram, args, { input: content, env, encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
  }
  try {
    const result = await measurePairs({
      capstan: () => measureUp(() => compose.up({ name, content })),
      baseline: () => measureUp(upByCompose),
      pairs: Math.min(pairs, maxPairs),
    })
    return [result]
  } finally {
    await down()
    await host[Symbol.asyncDispose]()
  }
}

function createServices(image) {
  const healthcheck = { test: ['CMD', 'true'], interval: '200ms' }
  return {
    db: { image, command: 'sleep 300', volumes: ['data:/data'], healthcheck },
    app: { image, command: 'sleep 300', depends_on: ['db'] },
  }
}
