import type { FakeHandler, FakeRequest } from './fake-docker-engine.js'
import { type FakeContainer, followTerminal } from './fake-engine-state.js'
import { markRules, runFirewallScript } from './fake-firewall.js'
import type { FakeReply } from './fake-reply.js'

/** The engine's own answer to a request. */
export const route: FakeHandler = (reply, request) => {
  const { method, path, rawPath } = request
  if (path === '/_ping')
    return reply.raw(200, 'OK', { 'Api-Version': reply.engine.newestApi, Server: reply.engine.server })
  if (path === '/version') return reply.json(200, versionOf(reply)) // also without a version
  const version = /^\/v(\d+\.\d+)\//.exec(rawPath)?.[1]
  if (version === undefined) return reply.refuse(400, 'the fake engine refuses paths without a version')
  if (Number(version.slice(2)) > Number(reply.engine.newestApi.slice(2))) {
    return reply.refuse(
      400,
      `client version ${version} is too new. Maximum supported API version is ${reply.engine.newestApi}`,
    )
  }
  if (Number(version.slice(2)) < Number(reply.engine.oldestApi.slice(2))) {
    return reply.refuse(
      400,
      `client version ${version} is too old. Minimum supported API version is ${reply.engine.oldestApi}, please upgrade your client to a newer version`,
    )
  }
  const found = routes.find(({ pattern }) => pattern.test(`${method} ${path}`))
  if (found === undefined) return reply.refuse(404, 'page not found')
  const [, id = ''] = found.pattern.exec(`${method} ${path}`) ?? []
  return found.handle(reply, request, decodeURIComponent(id))
}

interface Route {
  readonly pattern: RegExp
  handle(reply: FakeReply, request: FakeRequest, id: string): unknown
}

const routes: readonly Route[] = [
  {
    pattern: /^GET \/info$/,
    handle: (reply) => reply.json(200, { Name: 'fake', ServerVersion: '20.10.24', OSType: 'linux', NCPU: 2 }),
  },
  { pattern: /^POST \/containers\/create$/, handle: create },
  { pattern: /^GET \/containers\/json$/, handle: list },
  {
    pattern: /^GET \/containers\/([^/]+)\/json$/,
    handle: withContainer((container, reply) => reply.json(200, container.inspect())),
  },
  { pattern: /^POST \/containers\/([^/]+)\/start$/, handle: withContainer(start) },
  { pattern: /^POST \/containers\/([^/]+)\/rename$/, handle: withContainer(rename) },
  { pattern: /^GET \/containers\/([^/]+)\/changes$/, handle: withContainer((_, reply) => reply.json(200, null)) },
  { pattern: /^POST \/containers\/([^/]+)\/kill$/, handle: withContainer(kill) },
  { pattern: /^POST \/containers\/([^/]+)\/stop$/, handle: withContainer(stop) },
  { pattern: /^POST \/containers\/([^/]+)\/wait$/, handle: withContainer(wait) },
  { pattern: /^POST \/containers\/([^/]+)\/resize$/, handle: withContainer(resize) },
  { pattern: /^POST \/containers\/([^/]+)\/attach$/, handle: withContainer(attach) },
  { pattern: /^GET \/containers\/([^/]+)\/logs$/, handle: withContainer(logs) },
  { pattern: /^POST \/containers\/([^/]+)\/exec$/, handle: withContainer(createExec) },
  { pattern: /^DELETE \/containers\/([^/]+)$/, handle: withContainer(remove) },
  { pattern: /^POST \/exec\/([^/]+)\/start$/, handle: startExec },
  { pattern: /^GET \/exec\/([^/]+)\/json$/, handle: inspectExec },
  { pattern: /^GET \/networks\/([^/]+)$/, handle: inspectNetwork },
  { pattern: /^POST \/networks\/([^/]+)\/connect$/, handle: connect },
  { pattern: /^POST \/networks\/([^/]+)\/disconnect$/, handle: disconnect },
  { pattern: /^GET \/images\/(.+)\/json$/, handle: inspectImage },
  { pattern: /^POST \/images\/create$/, handle: pull },
  { pattern: /^GET \/events$/, handle: (reply) => reply.raw(200, '') },
]

function versionOf({ engine }: FakeReply) {
  return {
    Version: '20.10.24',
    ApiVersion: engine.newestApi,
    MinAPIVersion: engine.oldestApi,
    Components: [{ Name: 'Engine', Version: '20.10.24' }],
  }
}

function withContainer(
  handle: (container: FakeContainer, reply: FakeReply, request: FakeRequest) => unknown,
): Route['handle'] {
  return (reply, request, id) => {
    const container = reply.engine.state.findContainer(id)
    if (container === undefined) return reply.refuse(404, `No such container: ${id}`)
    return handle(container, reply, request)
  }
}

function create(reply: FakeReply, { query, json }: FakeRequest): undefined {
  const { state } = reply.engine
  const name = query.get('name') ?? undefined
  const isKnown = state.images.has(String(json.Image)) || json.Image === 'sha256:1'
  if (!isKnown) return reply.refuse(404, `No such image: ${json.Image}`)
  const holder = name === undefined ? undefined : state.findContainer(name)
  if (holder !== undefined) {
    const text = `Conflict. The container name "/${name}" is already in use by container "${holder.id}". You have to remove (or rename) that container to be able to reuse that name.`
    return reply.refuse(409, text)
  }
  reply.json(201, { Id: state.createContainer(name, json).id, Warnings: [] })
}

function list(reply: FakeReply, { query }: FakeRequest): undefined {
  const filters = JSON.parse(query.get('filters') ?? '{}') as { readonly label?: readonly string[] }
  const listed = [...reply.engine.state.containers.values()].map(({ id, name, status, config, hostConfig }) => ({
    Id: id,
    Names: [`/${name}`],
    Image: config.Image,
    State: status,
    Created: 1_700_000_000,
    Labels: (config.Labels ?? {}) as Readonly<Record<string, string>>,
    HostConfig: { NetworkMode: String(hostConfig.NetworkMode ?? 'default') },
  }))
  const fits = ({ Labels }: { readonly Labels: Readonly<Record<string, string>> }) =>
    (filters.label ?? []).every((label) => {
      const [key = '', value] = label.split('=')
      return value === undefined ? key in Labels : Labels[key] === value
    })
  reply.json(200, listed.filter(fits))
}

function start(container: FakeContainer, reply: FakeReply): undefined {
  if (container.status === 'running') return reply.raw(304, '')
  const [, owner] = /^container:(.*)$/.exec(String(container.hostConfig.NetworkMode)) ?? []
  if (owner !== undefined && reply.engine.state.findContainer(owner)?.status !== 'running') {
    return reply.refuse(409, `cannot join network of a non running container: ${owner}`)
  }
  const run = runFirewallScript((container.config.Entrypoint ?? []) as readonly string[])
  if (run !== undefined) {
    container.start()
    markRules(reply.engine.state, container, run)
    container.log.push(Buffer.from(run.output))
    container.exit(0)
    return reply.raw(204, '')
  }
  reply.raw(204, '')
  container.start()
}

function stop(container: FakeContainer, reply: FakeReply): undefined {
  if (container.status !== 'running') return reply.raw(304, '')
  container.exit(143)
  reply.raw(204, '')
}

function rename(container: FakeContainer, reply: FakeReply, { query }: FakeRequest): undefined {
  container.name = query.get('name') ?? container.name
  reply.raw(204, '')
}

function kill(container: FakeContainer, reply: FakeReply): undefined {
  if (container.status !== 'running') return reply.refuse(409, `Container ${container.id} is not running`)
  container.exit(137)
  reply.raw(204, '')
}

function connect(reply: FakeReply, { json }: FakeRequest, network: string): undefined {
  const container = reply.engine.state.findContainer(String(json.Container))
  if (container !== undefined) container.networks = { ...container.networks, [network]: json.EndpointConfig ?? {} }
  reply.raw(200, '')
}

function disconnect(reply: FakeReply, { json }: FakeRequest, network: string): undefined {
  const container = reply.engine.state.findContainer(String(json.Container))
  if (container !== undefined) {
    container.networks = Object.fromEntries(Object.entries(container.networks).filter(([name]) => name !== network))
  }
  reply.raw(200, '')
}

function wait(container: FakeContainer, reply: FakeReply, { query }: FakeRequest): undefined {
  const response = reply.open({ Date: new Date().toUTCString() })
  const condition = query.get('condition')
  const isOver = container.status === 'exited' && (condition === 'not-running' || condition === null)
  if (isOver) return void response.end(JSON.stringify({ StatusCode: container.exitCode }))
  const event = condition === 'removed' ? 'removed' : 'exit'
  container.events.once(event, () => response.end(JSON.stringify({ StatusCode: container.exitCode })))
}

function resize(container: FakeContainer, reply: FakeReply, { query }: FakeRequest): undefined {
  if (container.status !== 'running') return reply.refuse(409, `Container ${container.id} is not running`)
  container.size = `${query.get('h')}x${query.get('w')}`
  reply.raw(200, '')
}

function attach(container: FakeContainer, reply: FakeReply): undefined {
  const socket = reply.upgrade()
  container.attached.add(socket)
  socket.on('close', () => container.attached.delete(socket))
  if (container.status === 'exited') socket.end()
  if (container.status === 'running' && container.program === 'cat') container.echoInput(socket)
  // Data that is sent before the start is buffered for the process.
  if (container.status === 'created') socket.pause()
}

function logs(container: FakeContainer, reply: FakeReply, { query }: FakeRequest): undefined {
  const response = reply.open({ 'Content-Type': 'application/octet-stream' })
  for (const piece of container.log) response.write(piece)
  if (query.get('follow') !== '1' || container.status === 'exited') response.end()
  else container.events.once('exit', () => response.end())
}

function remove(container: FakeContainer, reply: FakeReply): undefined {
  container.remove()
  reply.raw(204, '')
}

function createExec(container: FakeContainer, reply: FakeReply, { json: config }: FakeRequest): undefined {
  if (container.status !== 'running') return reply.refuse(409, `Container ${container.id} is not running`)
  const id = reply.engine.state.createId()
  reply.engine.state.execs.set(id, { id, container, config, running: false, exitCode: null })
  reply.json(201, { Id: id })
}

/** Echoes its input, and exits with 0 at the end of it. */
function startExec(reply: FakeReply, { json }: FakeRequest, id: string): undefined {
  const exec = reply.engine.state.execs.get(id)
  if (exec === undefined) return reply.refuse(404, `No such exec instance: ${id}`)
  if (json.Detach === true) {
    exec.exitCode = 0
    return reply.raw(200, '')
  }
  const socket = reply.upgrade()
  exec.running = true
  const run = runFirewallScript((exec.config.Cmd ?? []) as readonly string[])
  if (run !== undefined) {
    markRules(reply.engine.state, exec.container, run)
    socket.write(run.output)
  }
  const end = () => {
    exec.running = false
    exec.exitCode ??= 0
    socket.end()
  }
  if (exec.config.AttachStdin !== true) {
    end()
    return
  }
  if (exec.config.Tty === true) {
    followTerminal(socket, { write: (text) => socket.write(text), end })
    return
  }
  socket.on('data', (chunk: Buffer) => {
    const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])
    header.writeUInt32BE(chunk.length, 4)
    socket.write(Buffer.concat([header, chunk]))
  })
  socket.on('end', end)
  socket.resume()
}

function inspectExec(reply: FakeReply, _request: FakeRequest, id: string): undefined {
  const exec = reply.engine.state.execs.get(id)
  if (exec === undefined) return reply.refuse(404, `No such exec instance: ${id}`)
  reply.json(200, { ID: id, ContainerID: exec.container.id, Running: exec.running, ExitCode: exec.exitCode, Pid: 1 })
}

function inspectNetwork(reply: FakeReply, _request: FakeRequest, id: string): undefined {
  const network = reply.engine.state.networks.get(id)
  if (network === undefined) return reply.refuse(404, `network ${id} not found`)
  reply.json(200, network)
}

function inspectImage(reply: FakeReply, _request: FakeRequest, image: string): undefined {
  if (!reply.engine.state.images.has(image)) return reply.refuse(404, `No such image: ${image}`)
  reply.json(200, { Id: 'sha256:1', RepoTags: [image], Config: { Env: [], User: '' } })
}

function pull(reply: FakeReply, { query }: FakeRequest): undefined {
  const image = `${query.get('fromImage')}:${query.get('tag')}`
  reply.engine.state.images.add(image)
  reply.raw(
    200,
    [`{"status":"Pulling from library"}`, `{"status":"Status: Downloaded newer image for ${image}"}`, ''].join('\n'),
  )
}
