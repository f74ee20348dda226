import { type EventOptions, eventStreamCapability } from '@capstan/core'
import { validateEventOptions } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { parseEventFilters } from '../host/event-filters.js'
import { openRuntime } from '../host/open-host.js'
import { collect, toExamples } from '../options/command-definition.js'
import { omitUndefined } from '../options/omit-undefined.js'
import { parseSince } from '../options/since.js'
import { eventTitles, toDockerJson, toEventLine, toEventRow } from '../render/event-row.js'
import { parseRowFormat, toFormatNotes } from '../render/row-format.js'
import { toJsonLine, writeOutput } from '../render/write-output.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan events`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Shows what happens to containers, images, networks and volumes, one event per line, until Ctrl-C.')
    .option('--since <time>', 'Show also earlier events since a time, or a duration ago, such as 10m')
    .option('--until <time>', 'Show events until a time, or a duration ago, and exit')
    .option(
      '-f, --filter <filter>',
      'Show only events with, for example, type=container or event=die (repeatable)',
      collect,
    )
    .option('--format <format>', "Print events by a template such as '{{.Type}} {{.Action}}', or as json")
    .option('--json', 'Print one JSON document per line')
    .addHelpText('after', toExamples(examples) + filterNotes + toFormatNotes(eventTitles))
  setAction<EventsOptions>(command, events)
}

const examples = {
  'capstan events --since 10m --until 0s': 'Show the events of the last 10 minutes, as far as the engine keeps them',
  'capstan events -f container=web -f event=die': 'Follow the exits of container "web"',
}
const filterNotes =
  '\n\nFilters: type=KIND, event=ACTION, container=CONTAINER, image=IMAGE, network=NETWORK,\nvolume=VOLUME, label=KEY[=VALUE]. Of several filters with one name, one must match;\nof labels, all.'

interface EventsOptions {
  readonly since?: string
  readonly until?: string
  readonly filter?: readonly string[]
  readonly format?: string
  readonly json?: boolean
}

/** Reads events only as fast as they can be written. */
async function events({ invocation, options }: Call<EventsOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const { kinds, labels, isSelected } = parseEventFilters(options.filter ?? [])
  const { since, until } = options
  const now = new Date()
  const eventOptions = omitUndefined<EventOptions>({
    since: since === undefined ? undefined : parseSince(since, now),
    until: until === undefined ? undefined : parseSince(until, now, '--until'),
    kinds,
    labels,
  })
  validateEventOptions(eventOptions)
  const isDockerJson = options.format === 'json' && !options.json
  const format = options.json || isDockerJson ? undefined : parseRowFormat(options.format, eventTitles)
  await using opened = await openRuntime(invocation, { requires: [eventStreamCapability] })
  const manager = await opened.require(eventStreamCapability)
  await using subscription = await manager.events({ ...eventOptions, signal })
  for await (const event of subscription) {
    if (!isSelected(event)) continue
    const text = options.json
      ? toJsonLine(event)
      : isDockerJson
        ? toDockerJson(event)
        : (format?.renderRow(toEventRow(event)) ?? toEventLine(event))
    await writeOutput(io.stdout, text, { signal })
  }
  return 0
}
