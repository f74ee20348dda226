import { listCommands, listOptions } from '../grammar.mjs'

export const systemCommands = {
  '': ({ caller }) => help(caller),
  '--version': ({ state, caller }) =>
    caller.print(`container CLI version ${state.release.version} (build: release, commit: abcdef1)`),
  '--experimental-dump-help': ({ state, caller }) => caller.print(printTree(state.release)),
  'system status': ({ state, caller, options }) => {
    const { status } = state.service
    const isRunning = status === 'running'
    const version = state.service.version ?? state.release.version
    const told = {
      apiServerAppName: isRunning ? 'container-apiserver' : '',
      apiServerBuild: isRunning ? 'release' : '',
      apiServerCommit: isRunning ? '1234abc' : '',
      apiServerVersion: isRunning ? `container-apiserver version ${version} (build: release, commit: 1234abc)` : '',
      appRoot: isRunning ? `${state.home}/app/` : '',
      installRoot: isRunning ? '/usr/local/' : '',
      status,
    }
    caller.print(
      options.has('format')
        ? JSON.stringify(told)
        : isRunning
          ? 'apiserver is running'
          : 'apiserver is not running and not registered with launchd',
    )
    return isRunning ? 0 : 1
  },
  'system start': ({ state, caller }) => {
    state.service.status = state.service.isBroken ? state.service.status : 'running'
    caller.print('Launching container-apiserver...')
    return state.service.isBroken ? 1 : 0
  },
  'registry login': async ({ caller }) => {
    caller.askForInput()
    for await (const _ of caller.stdin);
    caller.print('Login succeeded')
  },
  'registry logout': () => {},
  'registry list': ({ state, caller, options }) =>
    caller.print((state.service.logins ?? []).join('\n') || (options.has('quiet') ? '' : 'HOSTNAME  USERNAME')),
}

/** Prints the help of a command: its option names. */
export function printHelp({ state, caller }, path) {
  const command = listCommands(state.release).find((listed) => listed.path.join(' ') === path)
  const names = listOptions(command, state.release).map(({ long, short }) =>
    long[0] === undefined ? `-${short[0]}` : `--${long[0]}`,
  )
  caller.print(
    `OVERVIEW: ${path}\n\nUSAGE: container ${path}\n\nOPTIONS:\n${names.map((name) => `  ${name}`).join('\n')}`,
  )
}

/** The command tree, which is large and constant for a release. */
function printTree(release) {
  const key = JSON.stringify(release)
  const printed = printedTrees.get(key) ?? JSON.stringify(toTree(listCommands(release), release), undefined, 2)
  printedTrees.set(key, printed)
  return printed
}

const printedTrees = new Map()

function help(caller) {
  caller.print('OVERVIEW: A container platform for macOS\n\nUSAGE: container [--debug] <subcommand>')
}

function toTree(commands, release) {
  const toCommand = (command) => ({
    commandName: command.path.at(-1) ?? 'container',
    ...(command.aliases.length > 0 && { aliases: command.aliases }),
    arguments: [
      ...listOptions(command, release).map((option) => ({
        kind: option.kind,
        names: [
          ...option.long.map((name) => ({ kind: 'long', name })),
          ...option.short.map((name) => ({ kind: 'short', name })),
        ],
        isOptional: true,
        isRepeating: option.repeatable,
      })),
      ...command.positionals.map((positional) => ({
        kind: 'positional',
        valueName: positional.name,
        isOptional: !positional.required,
        isRepeating: positional.repeatable ?? false,
      })),
    ],
    subcommands: commands
      .filter(
        ({ path }) => path.length === command.path.length + 1 && command.path.every((word, at) => path[at] === word),
      )
      .map(toCommand),
  })
  return { serializationVersion: 0, command: toCommand(commands.find(({ path }) => path.length === 0)) }
}
