import { runToEnd } from './collect.js'
import type { OpenMemory } from './open-memory.js'

/** Starts a container that sends `hello` on each connection to port 80. */
export async function startServer(
  memory: OpenMemory,
  config: Partial<Parameters<OpenMemory['sidecars']['startSidecar']>[0]> & { readonly name: string },
) {
  const command = ['nc', '-lk', '-p', '80', '-e', 'echo', 'hello']
  const id = await memory.sidecars.startSidecar({ image: 'busybox', command, ...config })
  // The program listens after one turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve))
  return id
}

/** Returns what a client of the port receives. */
export async function connect({ runtime }: OpenMemory, host: string, config: object, port = 80) {
  return await runToEnd(runtime, { image: 'busybox', command: ['nc', host, String(port)], ...config })
}
