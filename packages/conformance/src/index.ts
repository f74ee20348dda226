export type { CaseContext, OpenOtherOptions } from './case-context.js'
export type { ConformanceCase } from './conformance-case.js'
export { conformanceCases } from './conformance-cases.js'
export { ConformanceFailure } from './conformance-failure.js'
export type { ConformanceOptions } from './conformance-options.js'
export {
  type CaseFailure,
  type CaseHeading,
  type CaseResult,
  type CaseStatus,
  type ConformanceReport,
  hasUnhandled,
  type MissingRequirement,
  type NamedReason,
  type Reason,
} from './conformance-report.js'
export { busyboxPrograms, type ConformancePrograms } from './programs.js'
export { type RunConformanceOptions, runConformance } from './run-conformance.js'
export { type RuntimePluginSuiteOptions, runtimePluginSuite, type TestRunner } from './runtime-plugin-suite.js'
