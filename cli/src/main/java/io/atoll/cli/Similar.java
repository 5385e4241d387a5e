package io.atoll.cli;

import java.util.List;

/// Guesses what a mistyped word was meant to be.
public final class Similar {
    private Similar() {}

    /// A hint that names the nearest of `known`; empty if none is near.
    public static String hint(String word, List<String> known) {
        String best = "";
        int bestDistance = 3;
        for (String candidate : known) {
            int distance =
                    candidate.startsWith(word) && word.length() > 1 ? 1 : distance(word, candidate);
            if (distance < bestDistance && distance < candidate.length()) {
                best = candidate;
                bestDistance = distance;
            }
        }
        return best.isEmpty() ? "" : "did you mean \"" + best + "\"?";
    }

    /// Insertions, deletions, replacements and swaps of neighbours it takes to make one word of the
    /// other.
    private static int distance(String a, String b) {
        int[][] costs = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                costs[i][j] = i == 0 || j == 0 ? i + j : cost(costs, a, b, i, j);
            }
        }
        return costs[a.length()][b.length()];
    }

    private static int cost(int[][] costs, String a, String b, int i, int j) {
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        int cost =
                Math.min(
                        Math.min(costs[i - 1][j], costs[i][j - 1]) + 1,
                        costs[i - 1][j - 1] + change);
        boolean swapped =
                i > 1
                        && j > 1
                        && a.charAt(i - 1) == b.charAt(j - 2)
                        && a.charAt(i - 2) == b.charAt(j - 1);
        return swapped ? Math.min(cost, costs[i - 2][j - 2] + 1) : cost;
    }
}
