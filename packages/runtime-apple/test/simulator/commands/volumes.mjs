import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { CommandError } from '../command-error.mjs'
import { toJson, toVolumeShape } from '../shapes.mjs'

export const volumeCommands = {
  'volume create': ({ state, caller, options, positionals: [name] }) => {
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/.test(name))
      throw new CommandError(`invalidArgument: "invalid volume name '${name}'"`, 64)
    if (state.volumes.has(name)) throw new CommandError(`volume '${name}' already exists`)
    const labels = Object.fromEntries(
      (options.get('label') ?? []).map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
    )
    state.volumes.set(name, { name, labels, createdAt: Date.now() })
    state.save('volumes', name)
    mkdirSync(join(state.place('volumes', name), 'data'))
    caller.print(name)
  },
  'volume delete': ({ state, caller, positionals }) => {
    const failures = []
    for (const name of positionals) {
      const isUsed = [...state.containers.values()].some(({ mounts }) =>
        mounts.some(({ kind, source }) => kind === 'volume' && source === name),
      )
      if (!state.volumes.has(name)) failures.push(`volume '${name}' not found`)
      else if (isUsed)
        failures.push(`volume '${name}' is currently in use and cannot be accessed by another container, or deleted`)
      else {
        state.remove('volumes', name)
        caller.print(name)
      }
    }
    if (failures.length > 0)
      throw new CommandError(`internalError: "failed to delete one or more volumes: ${failures.join(', ')}"`)
  },
  'volume list': ({ state, caller, options }) => {
    const shapes = [...state.volumes.values()].map((volume) => toVolumeShape(state, volume))
    caller.print(
      options.get('format')?.[0] === 'json' ? toJson(shapes) : shapes.map(({ id, name }) => id ?? name).join('\n'),
    )
  },
  'volume inspect': ({ state, caller, positionals }) => {
    const found = positionals.map((name) => {
      if (!state.volumes.has(name)) throw new CommandError(`volume not found: ${name}`)
      return toVolumeShape(state, state.volumes.get(name))
    })
    caller.print(toJson(found, true))
  },
}
