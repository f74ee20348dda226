/**
 * The program of the other process, as plain JavaScript, because the process has only Node and the built packages.
 *
 * It resolves core from the package of the kit and the plugin from the working directory.
 */
export const otherProcessProgram: string = `
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Writable } from 'node:stream'

const { kit, specifier, runtime: name, image, command, task, caseLabel } = JSON.parse(process.argv.at(-1))
const { createRuntimeHost, loadPlugins } = await import(pathToFileURL(createRequire(kit).resolve('@capstan/core')))
const plugins = await loadPlugins([specifier])
const host = createRuntimeHost({ plugins })
const tasks = { lifecycle, streams, discover, createContainer }
await tasks[task]()

async function lifecycle() {
  const { runtime } = await host.open({ runtime: name })
  const id = await runtime.createContainer({ image, command })
  await runtime.startContainer(id)
  await runtime.containerLogsAll(id)
  await runtime.removeContainer(id)
  await close()
}

async function streams() {
  const { runtime } = await host.open({ runtime: name })
  const id = await runtime.createContainer({ image, command, interactive: true })
  await runtime.startContainer(id)
  const logs = await runtime.containerLogs(id, { follow: true })
  const open = [
    (async () => { for await (const chunk of logs) if (chunk === undefined) return })(),
    runtime.waitContainer(id),
    runtime.attach(id, { stdout: new Writable({ write: (chunk, encoding, done) => done() }) }),
  ]
  for (const promise of open) promise.catch(() => {})
  await new Promise((resolve) => setTimeout(resolve, 300))
  const { runtime: other } = await createRuntimeHost({ plugins }).open({ runtime: name })
  await host[Symbol.asyncDispose]()
  await other.removeContainer(id)
  await other.close()
  console.log('closed')
}

async function discover() {
  const reports = await host.discover()
  if (!reports[0].available) throw new Error('no runtime is available: ' + JSON.stringify(reports))
  await close()
}

async function createContainer() {
  const { runtime } = await host.open({ runtime: name })
  const id = await runtime.createContainer({ image, command, labels: { 'conformance.case': caseLabel } })
  await runtime.startContainer(id)
  console.log('created')
  setInterval(() => {}, 1000)
}

async function close() {
  await host[Symbol.asyncDispose]()
  console.log('closed')
}
`
