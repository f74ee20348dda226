import { CommandError } from '../command-error.mjs'
import { toJson, toNetworkShape } from '../shapes.mjs'

export const networkCommands = {
  'network create': ({ state, caller, options, positionals: [name] }) => {
    if (!/^[a-z0-9][a-z0-9_.-]{0,62}$/.test(name))
      throw new CommandError(`invalidArgument: "invalid network name: ${name}"`, 64)
    if (name === 'default' || state.networks.has(name)) throw new CommandError(`network ${name} already exists`)
    const labels = Object.fromEntries(
      (options.get('label') ?? []).map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
    )
    const bad = Object.keys(labels).find((key) => !/^[a-z0-9]([a-z0-9./-]{0,126}[a-z0-9])?$/.test(key))
    if (bad !== undefined) throw new CommandError(`invalidArgument: "invalid label key: ${bad}"`, 64)
    const subnet = options.get('subnet')?.[0] ?? pickSubnet(state)
    const subnet6 = options.get('subnet-v6')?.[0]
    state.networks.set(name, {
      name,
      labels,
      internal: options.has('internal'),
      createdAt: Date.now(),
      subnet,
      subnet6,
    })
    state.save('networks', name)
    caller.print(name)
  },
  'network delete': ({ state, caller, positionals }) => {
    const failures = []
    for (const name of positionals) {
      const users = [...state.containers.values()].filter((container) => container.networks.includes(name))
      if (!state.networks.has(name)) failures.push(`notFound: "network ${name} not found"`)
      else if (users.length > 0)
        failures.push(
          `invalidState: "cannot delete subnet ${name} with referring containers: ${users.map(({ id }) => id).join(', ')}"`,
        )
      else {
        state.remove('networks', name)
        caller.print(name)
      }
    }
    if (failures.some((text) => text.startsWith('notFound')))
      throw new CommandError(`failed to delete one or more networks: ${JSON.stringify(positionals)}`)
    if (failures.length > 0) throw new CommandError(`delete failed for one or more networks: ${failures.join(', ')}`)
  },
  'network list': ({ state, caller, options }) => {
    const shapes = list(state)
    caller.print(options.get('format')?.[0] === 'json' ? toJson(shapes) : shapes.map(({ id }) => id).join('\n'))
  },
  'network inspect': ({ state, caller, positionals }) => {
    const shapes = list(state)
    const found = positionals.map((name) => {
      const shape = shapes.find(({ id }) => id === name)
      if (shape === undefined) throw new CommandError(`network not found: ${name}`)
      return shape
    })
    caller.print(toJson(found, true))
  },
}

/** Picks a subnet that no network has. That of the default network is 192.168.64.0/24. */
function pickSubnet(state) {
  const used = new Set([...state.networks.values()].map(({ subnet }) => subnet))
  const all = Array.from({ length: 190 }, (_, index) => `192.168.${65 + index}.0/24`)
  return all.find((subnet) => !used.has(subnet))
}

function list(state) {
  const builtIn = {
    name: 'default',
    subnet: '192.168.64.0/24',
    internal: false,
    createdAt: 1_780_000_000_000,
    labels: { 'com.apple.container.resource.role': 'builtin' },
  }
  return [builtIn, ...state.networks.values()].map((network) => toNetworkShape(state, network))
}
