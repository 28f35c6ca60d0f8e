import { useSession } from "./queries";

const ladder = ["viewer", "operator", "administrator"] as const;
export type Role = (typeof ladder)[number];

/** Whether who is signed in has at least this role. */
export function useMay(least: Role): boolean {
  return useReach()(least);
}

/** What useMay asks, for several roles; without one everybody may. */
export function useReach(): (least?: Role) => boolean {
  const role = useSession().data?.role;
  return (least) => least === undefined || (role !== undefined && ladder.indexOf(role) >= ladder.indexOf(least));
}
