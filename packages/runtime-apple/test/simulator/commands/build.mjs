import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { toDrop } from '../capabilities.mjs'
import { CommandError } from '../command-error.mjs'
import { parseDockerfile, parsePairs } from '../dockerfile.mjs'
import { copyTree, kill, startProgram } from '../programs.mjs'
import { findUser } from '../users.mjs'
import { add, pullImage, tag } from './images.mjs'

export const buildCommands = {
  build: async (call) => {
    const { options, positionals, caller, state } = call
    const context = resolve(positionals[0] ?? '.')
    const file = options.get('file')?.at(-1)
    if (!existsSync(context)) throw new CommandError(`path does not exist: ${context}`, 64)
    if (file !== undefined && !existsSync(file))
      throw new CommandError(`Dockerfile does not exist at path: ${file}`, 64)
    const work = mkdtempSync(join(state.home, 'build-'))
    try {
      const builder = new Builder(call, { context, work })
      const image = await builder.build(readFileSync(file ?? join(context, 'Dockerfile'), 'utf8'))
      if (caller.isGone) return 1
      const digest = `sha256:${createHash('sha256').update(JSON.stringify(image.config)).update(randomUUID()).digest('hex')}`
      const made = { digest, createdAt: Date.now(), references: [], config: image.config, history: image.history }
      add(state, made, image.root)
      for (const name of options.get('tag') ?? [randomUUID()]) tag(state, made, name)
      caller.print((options.get('tag') ?? [digest]).join('\n'))
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  },
}

class Builder {
  #stages = []
  #stage
  #step = 0
  #vertex = 3
  #args

  constructor({ state, caller, options }, { context, work }) {
    Object.assign(this, { state, caller, options, context, work })
    this.#args = Object.fromEntries(
      (options.get('build-arg') ?? []).map((text) => [
        text.slice(0, text.indexOf('=')),
        text.slice(text.indexOf('=') + 1),
      ]),
    )
  }

  async build(text) {
    this.#say(
      '#1 [internal] load build definition from Dockerfile\n#1 transferring dockerfile: 2B done\n#1 DONE 0.0s\n',
    )
    const instructions = parseDockerfile(text)
    const target = this.options.get('target')?.at(-1)
    const total = instructions.length
    for (const instruction of instructions) {
      if (instruction.name === 'FROM' && this.#stage !== undefined && this.#stage.name === target) break
      this.#step += 1
      this.#vertex += 1
      const title = `[${this.#step}/${total}] ${instruction.name} ${instruction.rest}`
      this.#say(`#${this.#vertex} ${title}`)
      try {
        await this.#run(instruction)
      } catch (error) {
        if (error instanceof CommandError)
          this.#say(
            `#${this.#vertex} ERROR: ${error.message}\n------\n > ${title}:\n${this.#output.slice(-10).join('\n')}\n------`,
          )
        throw error instanceof CommandError ? new CommandError(`unknown: "failed to solve: ${error.message}"`) : error
      }
      this.#say(`#${this.#vertex} DONE 0.0s\n`)
    }
    if (target !== undefined && this.#stage?.name !== target)
      throw new CommandError(`unknown: "failed to solve: target stage ${target} could not be found"`)
    for (const label of this.options.get('label') ?? [])
      this.#set('Labels', label.slice(0, label.indexOf('=')), label.slice(label.indexOf('=') + 1))
    return this.#stage
  }

  #output = []

  #say(text) {
    this.caller.warn(text)
  }

  #set(map, key, value) {
    this.#stage.config[map] = { ...this.#stage.config[map], [key]: value }
  }

  async #run({ name, rest }) {
    if (name !== 'FROM' && name !== 'ARG' && this.#stage === undefined)
      throw new CommandError('no build stage in current context')
    const does = this.#instructions[name]
    await does(this.#expand(rest, name), rest)
    if (name === 'FROM' || name === 'ARG') return
    const isEmpty = !['COPY', 'ADD', 'RUN'].includes(name)
    this.#stage.history.push({ created_by: `${name} ${rest}`, ...(isEmpty && { empty_layer: true }) })
  }

  /** Expands `$NAME` and `${NAME}`, except in instructions that a shell expands. */
  #expand(text, name) {
    if (name === 'RUN' || name === 'CMD' || name === 'ENTRYPOINT') return text
    const known = { ...this.#args, ...this.#stage?.args, ...this.#stage?.env }
    return text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced, plain) => known[braced ?? plain] ?? '')
  }

  #instructions = {
    FROM: async (rest) => {
      const [reference, , name] = rest.split(/\s+/)
      const root = join(this.work, `stage-${this.#stages.length}`)
      mkdirSync(root)
      const earlier = this.#stages.find((stage) => stage.name === reference)
      if (earlier !== undefined) copyTree(earlier.root, root)
      let config = earlier?.config ?? {}
      let history = earlier?.history ?? []
      if (earlier === undefined && reference !== 'scratch') {
        const known = this.options.has('pull') ? undefined : this.state.findImage(reference)
        const image = known ?? (await pullImage(this.state, reference))
        copyTree(join(this.state.place('images', image.digest), 'rootfs'), root)
        config = image.config
        history = image.history ?? []
      }
      const env = Object.fromEntries(
        (config.Env ?? []).map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
      )
      const stage = { name: name ?? String(this.#stages.length), root, env, args: {} }
      this.#stage = { ...stage, config: structuredClone(config), history: [...history] }
      this.#stages.push(this.#stage)
    },
    ARG: (rest) => {
      const [key, value] = Object.entries(parsePairs(rest, true))[0]
      const given = this.#args[key] ?? value
      if (this.#stage !== undefined && given !== undefined) this.#stage.args[key] = given
    },
    ENV: (rest) => {
      Object.assign(this.#stage.env, parsePairs(rest))
      this.#stage.config.Env = Object.entries(this.#stage.env).map(([key, value]) => `${key}=${value}`)
    },
    LABEL: (rest) => {
      for (const [key, value] of Object.entries(parsePairs(rest))) this.#set('Labels', key, value)
    },
    WORKDIR: (rest) => {
      const directory = rest.startsWith('/') ? rest : join(this.#stage.config.WorkingDir ?? '/', rest)
      mkdirSync(join(this.#stage.root, directory), { recursive: true })
      this.#stage.config.WorkingDir = directory
    },
    USER: (rest) => {
      this.#stage.config.User = rest
    },
    STOPSIGNAL: (rest) => {
      this.#stage.config.StopSignal = rest
    },
    EXPOSE: (rest) => {
      for (const port of rest.split(/\s+/)) this.#set('ExposedPorts', port.includes('/') ? port : `${port}/tcp`, {})
    },
    VOLUME: (rest) => {
      for (const path of rest.startsWith('[') ? JSON.parse(rest) : rest.split(/\s+/)) this.#set('Volumes', path, {})
    },
    CMD: (rest) => {
      this.#stage.config.Cmd = toWords(rest)
    },
    ENTRYPOINT: (rest) => {
      this.#stage.config.Entrypoint = toWords(rest)
      delete this.#stage.config.Cmd
    },
    COPY: (rest) => this.#copy(rest),
    ADD: (rest) => this.#copy(rest),
    RUN: (rest) => this.#runProgram(rest),
  }

  #copy(rest) {
    const words = rest.split(/\s+/)
    const flags = words.filter((word) => word.startsWith('--'))
    const from = flags.find((flag) => flag.startsWith('--from='))?.slice(7)
    const mode = flags.find((flag) => flag.startsWith('--chmod='))?.slice(8)
    const names = words.filter((word) => !word.startsWith('--'))
    const target = names.pop()
    const base = from === undefined ? this.context : this.#stages.find(({ name }) => name === from)?.root
    const isFolder = target.endsWith('/') || names.length > 1
    const at = join(
      this.#stage.root,
      target.startsWith('/') ? target : join(this.#stage.config.WorkingDir ?? '/', target),
    )
    for (const name of names) {
      const source = join(base, name)
      if (!existsSync(source))
        throw new CommandError(
          `failed to compute cache key: failed to calculate checksum of ref: "/${name}": not found`,
        )
      const place =
        statSync(source).isDirectory() || !(isFolder || (existsSync(at) && statSync(at).isDirectory()))
          ? at
          : join(at, basename(name))
      mkdirSync(join(place, '..'), { recursive: true })
      cpSync(source, place, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true })
      if (!statSync(source).isDirectory())
        chmodSync(place, mode === undefined ? statSync(source).mode : Number.parseInt(mode, 8))
    }
  }

  async #runProgram(rest) {
    const { root, config, env, args } = this.#stage
    const argv = rest.startsWith('[') ? toWords(rest) : ['/bin/sh', '-c', rest]
    const dns = this.options.get('dns') ?? []
    const resolv = join(root, 'etc/resolv.conf')
    if (dns.length > 0) {
      mkdirSync(join(root, 'etc'), { recursive: true })
      writeFileSync(resolv, dns.map((address) => `nameserver ${address}\n`).join(''))
    }
    const identity = findUser(root, config.User || '0')
    const spec = {
      root,
      setup: '1',
      directory: config.WorkingDir ?? '/',
      uid: String(identity.uid),
      gid: String(identity.gid),
      env: Object.entries({ PATH: '/bin:/usr/bin:/sbin', ...this.#args, ...args, ...env }).map(
        ([key, value]) => `${key}=${value}`,
      ),
      argv,
      drop: toDrop({ capAdd: [], capDrop: [] }),
    }
    const { child, stdout, stderr, ended, problem } = await startProgram(this.state.home, spec)
    child.stdin.end()
    this.caller.whenGone(() => kill(child.pid, 'SIGKILL'))
    this.#output = []
    for (const stream of [stdout, stderr]) {
      stream.on('data', (chunk) => {
        for (const line of chunk.toString('utf8').split('\n')) {
          if (line === '') continue
          this.#output.push(`0.100 ${line}`)
          this.#say(`#${this.#vertex} 0.100 ${line}`)
        }
      })
    }
    const code = problem?.code ?? (await ended)
    await Promise.all([stdout, stderr].map((stream) => stream.readableEnded || once(stream, 'end')))
    if (code !== 0)
      throw new CommandError(`process "${argv.join(' ')}" did not complete successfully: exit code: ${code}`)
    if (dns.length > 0) rmSync(resolv, { force: true })
  }
}

function toWords(rest) {
  return rest.startsWith('[') ? JSON.parse(rest) : ['/bin/sh', '-c', rest]
}
