import type { CommandModule } from './command.js'

/** The commands, in the groups and the order in which `capstan --help` lists them. */
export const commandGroups: readonly CommandGroup[] = [
  {
    title: 'First steps:',
    commands: [
      toEntry('quickstart', 'Build, run and clean up a small example', () => import('./quickstart.js')),
      toEntry('doctor', 'Show the runtimes on this machine and their capabilities', () => import('./doctor.js')),
    ],
  },
  {
    title: 'Containers:',
    commands: [
      toEntry('run', 'Run a command in a new container', () => import('./run.js')),
      toEntry('create', 'Create a container without starting it', () => import('./create.js')),
      toEntry('job', 'Run commands to their end, also on a cluster', () => import('./job.js')),
      toEntry('exec', 'Run a command in a running container', () => import('./exec.js')),
      toEntry('ps', 'List containers', () => import('./ps.js')),
      toEntry('inspect', 'Show state, networks, ports and labels of containers', () => import('./inspect.js')),
      toEntry('logs', 'Show the logs of a container', () => import('./logs.js')),
      toEntry('stats', 'Show the CPU, memory and I/O of containers', () => import('./stats.js')),
      toEntry('cp', 'Copy files into and out of a container', () => import('./cp.js')),
      toEntry('attach', 'Attach this terminal to a running container', () => import('./attach.js')),
      toEntry('start', 'Start one or more stopped containers', () => import('./start.js')),
      toEntry('stop', 'Stop one or more running containers', () => import('./stop.js')),
      toEntry('restart', 'Restart one or more containers', () => import('./restart.js')),
      toEntry('kill', 'Send a signal to one or more running containers', () => import('./kill.js')),
      toEntry(
        'pause',
        'Suspend all processes of one or more containers',
        async () => (await import('./pause.js')).pauseModule,
      ),
      toEntry(
        'unpause',
        'Continue all processes of one or more containers',
        async () => (await import('./pause.js')).unpauseModule,
      ),
      toEntry('wait', 'Wait until containers exit, and print their exit codes', () => import('./wait.js')),
      toEntry('port', 'Show the published ports of a container', () => import('./port.js')),
      toEntry('top', 'List the processes of a container', () => import('./top.js')),
      toEntry('rename', 'Rename a container', () => import('./rename.js')),
      toEntry('update', 'Change limits and the restart policy of containers', () => import('./update.js')),
      toEntry('rm', 'Remove one or more containers', () => import('./rm.js')),
    ],
  },
  {
    title: 'Compose projects:',
    commands: [toEntry('compose', 'Run the services of Compose files', () => import('./compose.js'))],
  },
  {
    title: 'Images:',
    commands: [
      toEntry('build', 'Build an image from a Dockerfile', () => import('./build.js')),
      toEntry('buildkit', 'Keep a BuildKit running for later builds', () => import('./buildkit.js')),
      toEntry('pull', 'Pull an image from a registry', () => import('./pull.js')),
      toEntry('push', 'Push an image to its registry', () => import('./push.js')),
      toEntry('images', 'List images', () => import('./images.js')),
      toEntry('image', 'Inspect and manage images', () => import('./image.js')),
      toEntry('history', 'Show the steps by which an image was created', () => import('./history.js')),
      toEntry('tag', 'Give an image a further tag', () => import('./tag.js')),
      toEntry('rmi', 'Remove one or more images', () => import('./rmi.js')),
      toEntry('save', 'Write images to a tar archive', () => import('./save.js')),
      toEntry('load', 'Load images from a tar archive', () => import('./load.js')),
      toEntry('commit', 'Create an image from a container', () => import('./commit.js')),
      toEntry('login', 'Store the credentials of a registry', () => import('./login.js')),
      toEntry('logout', 'Remove the credentials of a registry', () => import('./logout.js')),
    ],
  },
  {
    title: 'Networks and volumes:',
    commands: [
      toEntry('network', 'Manage networks', () => import('./network.js')),
      toEntry('volume', 'Manage volumes', () => import('./volume.js')),
    ],
  },
  {
    title: 'Clusters:',
    commands: [
      toEntry('service', 'Manage services, whose tasks run on the nodes of a cluster', () => import('./service.js')),
      toEntry('node', 'List the nodes of a cluster', () => import('./node.js')),
      toEntry(
        'secret',
        'Manage the secrets of a cluster',
        async () => (await import('./stored-object.js')).secretModule,
      ),
      toEntry(
        'config',
        'Manage the configs of a cluster',
        async () => (await import('./stored-object.js')).configModule,
      ),
    ],
  },
  {
    title: 'System:',
    commands: [
      toEntry('context', "List docker's contexts, and select the current one", () => import('./context.js')),
      toEntry('completion', 'Print the completion script of a shell', () => import('./completion.js')),
      toEntry('events', 'Show what happens to containers and other objects', () => import('./events.js')),
      toEntry('sweep', 'Remove resources left behind by crashed programs', () => import('./sweep.js')),
      toEntry('conformance', 'Test a runtime plugin against the contract', () => import('./conformance.js')),
    ],
  },
]

/** Returns a command; `undefined` if there is none of that name. */
export function findCommandEntry(name: string): CommandEntry | undefined {
  return commandGroups.flatMap(({ commands }) => commands).find((entry) => entry.name === name)
}

/** A group of commands in `capstan --help`. */
export interface CommandGroup {
  readonly title: string
  readonly commands: readonly CommandEntry[]
}

/** A command in `capstan --help`. Its module defines everything else, and is loaded when the command is used. */
export interface CommandEntry {
  readonly name: string
  readonly summary: string
  load(): Promise<CommandModule>
}

function toEntry(name: string, summary: string, load: CommandEntry['load']): CommandEntry {
  return { name, summary, load }
}
