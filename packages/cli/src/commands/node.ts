import { swarmManagerCapability } from '@capstan/core'
import type { Command } from 'commander'
import { openRuntime } from '../host/open-host.js'
import { collect, toExamples } from '../options/command-definition.js'
import { parseObjectFilters } from '../options/object-filters.js'
import { nodeTitles, toNodeRow } from '../render/service-rows.js'
import type { Call, SetAction } from './command.js'
import { addListOptions, createListPrinter, type ListPrinterOptions } from './list-printer.js'

/** Defines `capstan node` and its subcommand. */
export function define(group: Command, setAction: SetAction): void {
  group
    .helpCommand('help [command]', 'Show the help of a command')
    .description('Shows the nodes of a cluster. Needs a runtime whose engine is a manager of a cluster.')
    .addHelpText('after', toExamples({ 'capstan node ls': 'List the nodes' }))
  const list = group
    .command('ls')
    .summary('List the nodes of the cluster')
    .description('Lists the nodes of the cluster.')
    .option('-f, --filter <filter>', 'Show only nodes with name=TEXT, id=PREFIX or label=KEY (repeatable)', collect)
  setAction<ListOptions>(addListOptions(list, nodeTitles), listNodes)
}

interface ListOptions extends ListPrinterOptions {
  readonly filter?: readonly string[]
}

async function listNodes({ invocation, options }: Call<ListOptions>): Promise<number> {
  const isSelected = parseObjectFilters(options.filter ?? [], ['name', 'id', 'label'])
  const print = createListPrinter(options, {
    titles: nodeTitles,
    columns: ['ID', 'Hostname', 'Status', 'Availability', 'ManagerStatus', 'EngineVersion'],
  })
  await using opened = await openRuntime(invocation)
  const swarm = await opened.require(swarmManagerCapability)
  const all = await swarm.listNodes({ signal: invocation.interrupts.signal })
  const nodes = all
    .filter((node) => isSelected({ ...node, name: node.hostname }))
    .toSorted((one, other) => (one.hostname < other.hostname ? -1 : 1))
  const ids = nodes.map(({ id }) => id)
  await print(invocation, { rows: nodes.map(toNodeRow), ids, document: { runtime: opened.scope.runtimeName, nodes } })
  return 0
}
