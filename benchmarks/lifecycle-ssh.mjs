import { createRuntimeHost } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { hasSshServer, sshServerProgram, startSshServer } from '../tools/test-ssh-server.mjs'
import { runOnRuntime } from './lifecycle.mjs'
import { measurePairs, toElapsed } from './measure.mjs'

export const title = 'create + start + wait + remove over ssh on a loopback address / the same over the socket'
export const target = 1.3
export const needsEngine = true

export function findProblem() {
  return hasSshServer ? undefined : `there is no ${sshServerProgram}: node tools/ssh-server.mjs up`
}

export async function run({ pairs, image, socketPath }) {
  const server = await startSshServer()
  const hosts = [`ssh://${server.address}${socketPath}`, `unix://${socketPath}`].map((endpoint) =>
    createRuntimeHost({ plugins: [dockerPlugin({ endpoint })], env: server.env }),
  )
  try {
    const [capstan, baseline] = await Promise.all(hosts.map(async (host) => (await host.open()).runtime))
    return await measurePairs({
      capstan: () => toElapsed(() => runOnRuntime(capstan, image)),
      baseline: () => toElapsed(() => runOnRuntime(baseline, image)),
      pairs,
    })
  } finally {
    await Promise.all(hosts.map((host) => host[Symbol.asyncDispose]()))
    await server.close()
  }
}
