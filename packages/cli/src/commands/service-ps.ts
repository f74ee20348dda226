import { swarmManagerCapability } from '@capstan/core'
import type { Command } from 'commander'
import { findService } from '../host/find-service.js'
import { openRuntime } from '../host/open-host.js'
import { collect } from '../options/command-definition.js'
import { splitPair } from '../options/key-values.js'
import { createOptionError } from '../options/option-error.js'
import { type NamedTask, taskTitles, toTaskName, toTaskRow } from '../render/service-rows.js'
import type { Call, SetAction } from './command.js'
import { addListOptions, createListPrinter, type ListPrinterOptions } from './list-printer.js'

/** Defines `capstan service ps`. */
export function defineServiceTasks(command: Command, setAction: SetAction): void {
  command
    .argument('<service...>', 'ID, prefix of an ID, or name')
    .option(
      '-f, --filter <filter>',
      'Show only tasks with desired-state=running|shutdown, name=TEXT or node=NAME (repeatable)',
      collect,
    )
    .option('--no-trunc', 'Print full IDs')
  setAction<ServicePsOptions>(addListOptions(command, taskTitles), listTasks)
}

interface ServicePsOptions extends ListPrinterOptions {
  readonly filter?: readonly string[]
  readonly trunc: boolean
}

async function listTasks({ invocation, operands, options }: Call<ServicePsOptions>): Promise<number> {
  const { signal } = invocation.interrupts
  const isSelected = parseTaskFilters(options.filter ?? [])
  const print = createListPrinter(options, {
    titles: taskTitles,
    columns: ['ID', 'Name', 'Image', 'Node', 'DesiredState', 'CurrentState', 'Error', 'Ports'],
  })
  await using opened = await openRuntime(invocation)
  const swarm = await opened.require(swarmManagerCapability)
  const nodes = new Map((await swarm.listNodes({ signal })).map(({ id, hostname }) => [id, hostname]))
  const named: NamedTask[] = []
  for (const operand of operands) {
    const { id, name } = await findService(swarm, operand, { signal })
    const tasks = await swarm.listTasks(id, { signal })
    // As in docker, the tasks of a slot follow each other, the newest first.
    const ordered = tasks.toSorted((one, other) => (one.slot ?? 0) - (other.slot ?? 0))
    named.push(
      ...ordered.map((task) => ({ task, service: name, node: nodes.get(task.nodeId ?? '') ?? task.nodeId ?? '' })),
    )
  }
  const selected = named.filter(isSelected)
  const now = new Date()
  const rows = selected.map((each) => toTaskRow(each, now, { truncate: options.trunc }))
  const ids = rows.map(({ ID }) => String(ID))
  const tasks = selected.map(({ task, service, node }) => ({ ...task, service, nodeName: node }))
  await print(invocation, { rows, ids, document: { runtime: opened.scope.runtimeName, tasks } })
  return 0
}

/** Parses the filters of `service ps`. A task is selected by one of several values of each key, as in docker. */
function parseTaskFilters(texts: readonly string[]): (task: NamedTask) => boolean {
  const filters = texts.map((text) => {
    const [key, value] = splitPair(text)
    const isState = value === 'running' || value === 'shutdown'
    const isKnown = key === 'desired-state' ? isState : key === 'name' || key === 'node'
    if (!isKnown || !value)
      throw createOptionError('--filter', 'desired-state=running|shutdown, name=TEXT or node=NAME', text)
    return { key, value }
  })
  const tests: Readonly<Record<string, (task: NamedTask, value: string) => boolean>> = {
    'desired-state': ({ task }, value) => task.isDesired === (value === 'running'),
    name: (task, value) => toTaskName(task).includes(value),
    node: ({ node, task }, value) => node === value || task.nodeId === value,
  }
  return (task) =>
    Object.entries(tests).every(([key, test]) => {
      const values = filters.filter((filter) => filter.key === key)
      return values.length === 0 || values.some(({ value }) => test(task, value))
    })
}
