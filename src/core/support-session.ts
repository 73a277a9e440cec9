import { type DefaultMail, defineEvents, event } from './catalog.ts';
import type { SchemaIssue, StandardSchema } from './standard-schema.ts';

/** Variables of every support-session event. */
export interface SessionVariables {
  /** Session id. */
  readonly lsid: string;
  /** The help desk's key of the session: free text of at most 1,024 characters, may be empty, may change during a session. */
  readonly external_key?: string;
  /** Name of the queue or room that owns the session. */
  readonly conference_name?: string;
  /** Its id. */
  readonly conference_id?: string;
}

/** Variables of a person: the member who joins or leaves, the new owner, or the submitter of a survey. */
export interface PersonVariables {
  readonly name?: string;
  readonly username?: string;
  readonly user_id?: string;
  readonly display_name?: string;
}

/** Variables of a member who joins or leaves. */
export interface MemberVariables extends SessionVariables, PersonVariables {
  /** What the member is. */
  readonly type?: 'customer' | 'representative';
}

/** Variables of a completed survey: the session, and who filled it in. */
export type SurveyVariables = SessionVariables & PersonVariables;
/** Variables of a change of owner: the session, and its new owner. */
export type OwnerVariables = SessionVariables & PersonVariables;

const session = {
  lsid: 'Session id',
  external_key: "The help desk's key of the session",
  conference_name: 'Name of the queue or room that owns the session',
  conference_id: 'Id of the queue or room that owns the session',
} satisfies Record<keyof SessionVariables, string>;

const person = {
  name: 'Name',
  username: 'User name',
  user_id: 'User id',
  display_name: 'Display name',
} satisfies Record<keyof PersonVariables, string>;

const owner = { ...session, ...person };
const survey = owner;
const member = { ...session, type: 'customer or representative', ...person };

const longestExternalKey = 1024;

/** Text variables by name, `lsid` required; nothing else. */
function variablesSchema<Data extends SessionVariables>(names: Readonly<Record<string, string>>): StandardSchema<Data> {
  const problem = (name: string, value: unknown): string | null => {
    if (!Object.hasOwn(names, name))
      return `is not a variable of this event; those are ${Object.keys(names).join(', ')}`;
    if (typeof value !== 'string') return 'must be text';
    if (name === 'lsid' && value === '') return 'must not be empty';
    if (name === 'external_key' && value.length > longestExternalKey)
      return `must be at most ${longestExternalKey} characters`;
    if (name === 'type' && value !== 'customer' && value !== 'representative')
      return 'must be customer or representative';
    return null;
  };
  return {
    '~standard': {
      version: 1,
      vendor: 'outbound-events',
      validate(value) {
        if (typeof value !== 'object' || value === null) return { issues: [{ message: 'must be an object' }] };
        const issues: SchemaIssue[] = [];
        for (const [name, item] of Object.entries({ lsid: undefined, ...value })) {
          const message = problem(name, item);
          if (message !== null) issues.push({ message, path: [name] });
        }
        return issues.length > 0 ? { issues } : { value: value as Data };
      },
    },
  };
}

/**
 * The events of a remote-support appliance: seven types for HTTP recipients, three of them for email recipients too
 * (seed: "Set Events to Trigger Messages").
 */
export const supportSessionEvents = defineEvents({
  support_conference_begin: event(variablesSchema<SessionVariables>(session), {
    label: 'Support session start',
    description: 'A support session has begun.',
    variables: session,
    channels: ['http'],
  }),
  support_conference_end: event(variablesSchema<SessionVariables>(session), {
    label: 'Support session end',
    description: 'A support session has ended.',
    variables: session,
    channels: ['http', 'email'],
    mail: {
      subject: 'Support session {{lsid}} ended',
      text: `Support session {{lsid}} has ended.
{{#if external_key}}
External key: {{external_key}}
{{/if}}
{{#if conference_name}}
Owned by: {{conference_name}}
{{/if}}
`,
    },
  }),
  support_conference_owner_changed: event(variablesSchema<OwnerVariables>(owner), {
    label: 'Support session ownership changes',
    description: 'A support session has a new owner.',
    variables: owner,
    channels: ['http'],
  }),
  support_conference_member_added: event(variablesSchema<MemberVariables>(member), {
    label: 'Someone joins a support session',
    description: 'A customer or a representative has joined a support session.',
    variables: member,
    channels: ['http'],
  }),
  support_conference_member_departed: event(variablesSchema<MemberVariables>(member), {
    label: 'Someone leaves a support session',
    description: 'A customer or a representative has left a support session.',
    variables: member,
    channels: ['http'],
  }),
  support_conference_customer_exit_survey_completed: event(variablesSchema<SurveyVariables>(survey), {
    label: 'Customer exit survey is completed',
    description: 'A customer has completed the exit survey of a support session.',
    variables: survey,
    channels: ['http', 'email'],
    mail: surveyMail('Customer'),
  }),
  support_conference_rep_exit_survey_completed: event(variablesSchema<SurveyVariables>(survey), {
    label: 'Representative exit survey is completed',
    description: 'A representative has completed the exit survey of a support session.',
    variables: survey,
    channels: ['http', 'email'],
    mail: surveyMail('Representative'),
  }),
});

function surveyMail(who: string): DefaultMail {
  return {
    subject: `${who} exit survey completed for session {{lsid}}`,
    text: `The ${who.toLowerCase()} exit survey of support session {{lsid}} has been completed.
{{#if display_name}}
By: {{display_name}}
{{/if}}
{{#if external_key}}
External key: {{external_key}}
{{/if}}
`,
  };
}
